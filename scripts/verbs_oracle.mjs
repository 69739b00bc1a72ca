// Prints what the npm package @jirimracek/conjugate-esp (MIT) says of every verb, as JSON:
// {infinitive: [{castellano, voseo, formal}, …]}, a variant each. Run by scripts/build_verbs.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(pathToFileURL(`${process.argv[2]}/package.json`));
const { Conjugator } = require('@jirimracek/conjugate-esp');

const INDICATIVE = ['Presente', 'PreteritoImperfecto', 'PreteritoIndefinido', 'FuturoImperfecto', 'CondicionalSimple'];
const SUBJUNCTIVE = ['Presente', 'PreteritoImperfectoRa', 'PreteritoImperfectoSe'];

function forms({ conjugation }) {
  return {
    rows: [
      ...INDICATIVE.map((tense) => conjugation.Indicativo[tense]),
      ...SUBJUNCTIVE.map((tense) => conjugation.Subjuntivo[tense]),
      conjugation.Imperativo.Afirmativo,
    ],
    gerund: conjugation.Impersonal.Gerundio,
    participle: conjugation.Impersonal.Participio,
  };
}

const conjugator = new Conjugator();
const all = {};
for (const verb of await conjugator.getVerbList()) {
  if (verb.endsWith('se') && verb.slice(0, -2) in all) continue;
  const [castellano, voseo, formal] = await Promise.all(
    ['castellano', 'voseo', 'formal'].map((region) => conjugator.conjugate(verb, region)),
  );
  all[verb] = castellano.map((_, variant) => ({
    castellano: forms(castellano[variant]),
    voseo: forms(voseo[variant]),
    formal: forms(formal[variant]),
  }));
}
process.stdout.write(JSON.stringify(all));
