"""What is the same in Spanish, English and Portuguese: numbers in words, countries and their people."""

_UNITS = {
    "cero zero": 0, "uno una one um uma": 1, "dos two dois duas": 2, "tres three": 3, "cuatro four quatro": 4,
    "cinco five": 5, "seis six": 6, "siete seven sete": 7, "ocho eight oito": 8, "nueve nine nove": 9,
    "diez ten dez": 10, "once eleven onze": 11, "doce twelve doze": 12, "trece thirteen treze": 13,
    "catorce fourteen quatorze": 14, "quince fifteen quinze": 15, "dieciseis sixteen dezesseis": 16,
    "diecisiete seventeen dezessete": 17, "dieciocho eighteen dezoito": 18,
    "diecinueve nineteen dezenove": 19,
    "veinte twenty vinte": 20, "veintiuno veintiun veintiuna": 21, "veintidos": 22, "veintitres": 23,
    "veinticuatro": 24, "veinticinco": 25, "veintiseis": 26, "veintisiete": 27, "veintiocho": 28,
    "veintinueve": 29, "treinta thirty trinta": 30, "cuarenta forty quarenta": 40,
    "cincuenta fifty cinquenta": 50,
    "sesenta sixty sessenta": 60, "setenta seventy": 70, "ochenta eighty oitenta": 80, "noventa ninety": 90,
    "cien ciento hundred cem cento": 100, "doscientos doscientas duzentos": 200,
    "trescientos trescientas": 300,
    "quinientos quinientas quinhentos": 500, "mil thousand": 1000,
}  # fmt: skip
NUMBER_WORDS = {
    word: value
    for words, value in _UNITS.items()
    for word in words.split()
    if word not in ("once", "one", "uno", "una", "um", "uma", "set")
} | {"once": 11}
"""Folded word → value. Those for one are left out: they are articles and pronouns more often."""

_SAME = """
argentina argentine argentino argentinos argentinas argentinian argentinians
espana spain spanish spaniard spaniards espanol espanola espanoles espanolas espanha espanhol
mexico mexican mexicans mexicano mexicana mexicanos mexicanas
brasil brazil brazilian brasileno brasilena brasilenos brasileiro brasileira
chile chilean chileno chilena chilenos
uruguay uruguayan uruguayo uruguaya uruguai
paraguay paraguayan paraguayo paraguaya paraguai
peru peruvian peruano peruana
colombia colombian colombiano colombiana
bolivia bolivian boliviano boliviana
ecuador ecuadorian ecuatoriano ecuatoriana
venezuela venezuelan venezolano venezolana
portugal portuguese portugues portuguesa
francia france french frances francesa franceses franca
alemania germany german germans aleman alemana alemanes alemanha
italia italy italian italians italiano italiana
inglaterra england english ingles inglesa
reino kingdom unido united
estados states unidos eeuu usa us
europa europe european europeo europea europeos
japon japan japanese japones japonesa
china chinese chino
canada canadian canadiense
suiza switzerland swiss suizo
belgica belgium belgian belga
holanda netherlands dutch holandes
londres london
nueva new
sevilla seville
zaragoza saragossa
lisboa lisbon
latinoamerica latam
america american americano americana
navidad christmas natal
pascua easter
iva vat
rrhh hr
it informatica sistemas
"""
_CANONICAL = {word: line.split()[0] for line in _SAME.strip().splitlines() for word in line.split()}


def canonical_name(word: str) -> str:
    """The one form of a folded word that stands for all of them."""
    return _CANONICAL.get(word, word)


def is_canonical(word: str) -> bool:
    """Whether a folded word has such a form: a country, its people, a feast."""
    return word in _CANONICAL
