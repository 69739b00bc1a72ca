"""Words people say in any question: whether a document has them tells little about what it is about.

Function words are left out of the index (`knowledge.words.STOPWORDS`). These are the next layer: everyday
verbs, adverbs and nouns of asking in Spanish and English. In a small index they look rare, and rare looks
telling; here they are known not to be.
"""

from functools import cache

from knowledge.words import stems

_SPANISH = """
    aca ahi alguien algun alguna alguno ahora al alla antes aun aunque bastante bien buenas buenos bueno buena
    cada casi caso casos cierto cierta como cosa cosas cualquier cualquiera despues dia dias dias enseguida entonces
    favor forma gente gracias haber hola hora horas hoy igual junto lado luego lugar manera manana mal mejor
    menos mes meses mismo misma mismos mismas modo momento mucha muchas mucho muchos nada nadie ningun ninguna
    ninguno nuevo nueva nuevos nuevas nunca otra otras otros parte peor persona personas poca pocas pocos
    primer primera primero primeros propio pronto proximo pues quiza recien saludos semana semanas siempre siguiente
    solo sola solamente tampoco tan tanto tarde tema tercera tercer tercero tiempo tipo tipos tipico toda todas
    todos todavia ultima ultimo ultimas ultimos ultimamente varias varios veces vez verdad acerca respecto durante
    dentro fuera encima debajo arriba abajo cerca lejos hacia mediante excepto salvo ademas incluso mayor menor
    mayoria gran grande grandes principal principales importante posible necesario exactamente aproximadamente
    normalmente originalmente generalmente actualmente nombre llama llamado llamada llaman conoce conocido conocida
    conocen consideraba considera considerado termino palabra ejemplo
    acaba aparece apareceria ayuda ayudar cambia cambiar comenzar comenzo empezar empezo coger comprar
    conseguir contar contiene contener corresponde corresponden crear creo creado cuenta da dar dan deber debe
    deben debo debemos deberia decir dice dicen dijo dejar deja demora describe descrito diferencia diferente
    diferentes dime decime encontrar encuentra encuentro entender entra entro entrar esperar estaria estuvo existe
    existen explicar falta faltar gustaria haber habria hace hacen hacer hacia hago hecho hicieron hizo
    hay incluye incluyen ir llega llegan llegar llego lleva llevan llevar llevo manda mandar mandan meter mirar
    necesita necesitan necesitar necesito obtener ocurre ocurrio parece pasa pasan pasar paso pasado perdio perdi pide
    pido pedir pone ponen poner pongo permite permiten podemos poder podria podrian podra puede pueden puedo puedes podes
    podeis pudo pregunta preguntar produce produjo queda quedan quedar quedo queria quiere quieren quiero querer
    querés realizar recibe recibir recibo sabe saben saber sabes sacar saca sale salen salir sea seria serian
    servir sigue seguir significa sirve sirven suele suelen sucede sucedio sumar tarda tardan tardar tendria tengo
    tenemos tenes tenia tenian tenido tener tiene tocar toca tocan tomar toma trabajo trae traer trata tuvo tuvieron
    usa usan usar uso utiliza utilizan utilizado utilizar vale va vamos van ve ven veo ver viene vienen venir voy volver
    vuelve vuelven vuelvo aguanta aguantan somos soy sos sois estoy estamos estas
    maximo maxima minimo minima cantidad numero edad ano anos fecha siglo largo alto precio cuesta cuestan costo coste valor
"""
_ENGLISH = """
    about above actually after again ago ahead all allow allowed allows almost alone along already also although always
    among amount anybody anyone anything approximately around ask asked available away back bad based because become
    became before began begin begins behind being believe below besides best better between big both bring brought
    call called calls came cannot case cases cause caused certain change changed come comes common commonly
    considered contain contained contains could create created currently date day days describe described
    different difference done during each early either else end ended enough entire even ever every everyone
    everything exactly example exist existed explain far few find first following form former found full gave general
    generally get gets getting give given gives go goes going gone good got great group had happen happened happens
    having held hello help here hi high highest hour hours however idea important include included includes including
    instead just keep kept kind kinds know known large larger largest last late later least led left less let like
    likely little long longer look lot made main major make makes making may maybe mean means meant might
    minute minutes month months more most mostly move moved must name named names near nearly need needed needs never
    new next nobody nothing now number numbers occur occurred often old once one only open order original originally
    other others out over own part parts people per person place places please point possible primary put question
    quite rather reason received recently referred refers regarding right said same saw say says second see seem
    seen send set several shall show shown similar since small some somebody someone something sometimes soon
    start started still stop stopped sure take taken takes tell term terms thank thanks thing things think third though
    three through thus time times today together told too took total toward tried try trying turn two type types
    typically under until up upon usage use used useful user using usual usually various very want wanted wants
    way ways week weeks well went while whole within without word words work worked working works yet year years yes
    am i'm does doing don't doesn't could cost costs price maximum minimum max min age century
"""


@cache
def everyday_stems() -> frozenset[str]:
    """The stems of all of them, as `knowledge.words.stems` makes them."""
    return frozenset(stems(_SPANISH)) | frozenset(stems(_ENGLISH))
