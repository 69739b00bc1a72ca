"""Words people say in any question: whether a document has them tells little about what it is about.

Function words are left out of the index (`knowledge.words.STOPWORDS`). These are the next layer: everyday
verbs, adverbs and nouns of asking in Spanish and English. In a small index they look rare, and rare looks
telling; here they are known not to be.
"""

from functools import cache

from knowledge.words import stems

_SPANISH = """
    abajo aca acaba acerca actualmente ademas aguanta aguantan ahi ahora alguien algun alguna alguno
    alla alto ano anos aparece apareceria aproximadamente arriba aun aunque ayuda ayudar bastante bien
    buena buenas bueno buenos cada cambia cambiar cantidad casi caso casos cerca cierta cierto coger
    comenzar comenzo conoce conocen conocida conocido conseguir considera consideraba considerado contar
    contener contiene corresponde corresponden cosa cosas coste costo creado crear creo cualquier
    cualquiera cuenta cuesta cuestan da dan dar debajo debe debemos deben deber deberia debo decime
    decir deja dejar demora dentro describe descrito despues dia dias dice dicen diferencia diferente
    diferentes dijo dime durante edad ejemplo empezar empezo encima encontrar encuentra encuentro
    enseguida entender entonces entra entrar entro esperar estamos estaria estoy estuvo exactamente
    excepto existe existen explicar falta faltar favor fecha forma fuera generalmente gente gracias gran
    grande grandes gustaria haber habria hace hacen hacer hacia hago hecho hicieron hizo hola hoy igual
    importante incluso incluye incluyen ir junto lado largo lejos llega llegan llegar llego lleva llevan
    llevar llevo luego lugar mal manana manda mandan mandar manera maxima maximo mayor mayoria mediante
    mejor menor menos mes meses meter minima minimo mirar misma mismas mismo mismos modo momento mucha
    muchas mucho muchos nada nadie necesario necesita necesitan necesitar necesito ningun ninguna
    ninguno nombre normalmente nueva nuevas nuevo nuevos numero nunca obtener ocurre ocurrio
    originalmente otras otros palabra parece parte pasa pasado pasan pasar paso pedir peor perdi perdio
    permite permiten persona personas pide pido poca pocas pocos podeis podemos poder podes podra podria
    podrian pone ponen poner pongo posible pregunta preguntar primer primera primero primeros principal
    principales produce produjo pronto propio proximo pudo puede pueden puedes puedo pues queda quedan
    quedar quedo querer queres queria quiere quieren quiero quiza realizar recibe recibir recibo recien
    respecto sabe saben saber sabes saca sacar sale salen salir saludos salvo seguir semana semanas
    seria serian servir siempre siglo significa sigue siguiente sirve sirven sois sola solamente solo
    somos sos soy sucede sucedio suele suelen sumar tampoco tan tanto tarda tardan tardar tarde tema
    tendria tenemos tener tenes tengo tenia tenian tenido tercer tercera tercero termino tiempo tipico
    tipo tipos toca tocan tocar toda todas todavia todos toma tomar traer trata tuvieron tuvo ultima
    ultimamente ultimas ultimo ultimos usa usan usar uso utiliza utilizado utilizan utilizar va vale
    vamos van varias varios ve veces ven venir veo ver verdad vez viene vienen volver voy vuelve vuelven
    vuelvo
"""
_ENGLISH = """
    about above actually after again age ago ahead all allow allowed allows almost alone along already
    also although always am among amount anybody anyone anything approximately around ask asked
    available away back bad based became because become before began begin begins behind being believe
    below besides best better between big both bring brought came cannot case cases cause caused century
    certain change changed come comes common commonly considered contain contained contains cost costs
    could create created currently date day days describe described difference different doing done
    during each early either else end ended enough entire even ever every everyone everything exactly
    example exist existed explain far few find first following form former found full gave general
    generally get gets getting give given gives go goes going gone good got great happen happened
    happens having held hello help here hi high highest however idea important include included includes
    including instead just keep kept kind kinds know known large larger largest last late later least
    led left less let like likely little long longer look lot made main major make makes making max
    maximum may maybe mean means meant might min minimum minute minutes month months more most mostly
    move moved must name named names near nearly need needed needs never new next nobody nothing now
    number numbers occur occurred often old once one only original originally other others out over own
    part parts people per person please point possible primary put question quite rather reason received
    recently referred refers regarding right said same saw say says second see seem seen send set
    several shall show shown similar since small some somebody someone something sometimes soon start
    started still stop stopped sure take taken takes tell term terms thank thanks thing things think
    third though three through thus time times today together told too took total toward tried try
    trying turn two type types typically under until up upon usage use used useful using usual usually
    various very want wanted wants way ways week weeks well went while whole within without year years
    yes yet
"""


@cache
def everyday_stems() -> frozenset[str]:
    """The stems of all of them, as `knowledge.words.stems` makes them."""
    return frozenset(stems(_SPANISH)) | frozenset(stems(_ENGLISH))
