"""The small words of Spanish. Rule: an accent is part of the word, and a recogniser may leave it out."""

from pipeline.turn_words.grammar import grammar

SPANISH = grammar(
    shapes=(
        "aron:w ieron:w amos:w imos:w emos:w aba:w aban:w ía:w ían:w ará:w aré:w ado:g ido:g ada:g ida:g "
        "ando:g iendo:g ar:i er:i ir:i mente:k ó:w é:w"
    ),
    holding=(
        "un momento,un momentito,un segundo,un minuto,espere,espera,a ver,déjeme ver,déjame ver,déjeme pensar,"
        "cómo se dice,o sea,es decir,es que,lo que pasa es que,estaba pensando,la cosa es que,digamos,"
        "quería preguntar,permítame,tengo una pregunta,tengo una duda,tengo otra pregunta,una pregunta,otra pregunta,"
        "otra cosa,una cosa,una cosa más,tengo un problema,mi problema es,mi pregunta es,el problema es,"
        "el problema es que,la cosa es,la verdad es que,la verdad,lo que pasa,lo que pasa es,le explico,le cuento,"
        "mire,mire le cuento,escuche,oiga,en primer lugar,para empezar,por ejemplo,por cierto,por un lado,"
        "por otro lado,además,como le decía,como decía,para ser sincero,sinceramente,en resumen,en realidad,cómo era,"
        "cómo se llamaba,cómo le diría,un momento por favor,un segundo por favor,espere un momento,espere un segundo,"
        "déjeme mirar,déjeme pensar,déjeme que mire,estoy buscando,estoy mirando,voy a mirar,le puedo preguntar algo,"
        "puedo preguntarle algo"
    ),
    a=(
        "el la los las un una unos unas mi mis tu tus su sus nuestro nuestra nuestros nuestras este esta estos estas "
        "ese esa esos esas aquel aquella cada cualquier algún alguna ningún ninguna otro otra varios varias lo al "
        "del"
    ),
    p=(
        "a de en con por para sin sobre entre desde hasta hacia según contra durante mediante tras ante bajo excepto "
        "salvo menos"
    ),
    t="",
    c="y e o u pero ni sino",
    b="que porque si cuando aunque mientras como donde pues ya quien cuyo cuya",
    x=(
        "es son era eran soy eres somos está están estoy estaba estaban he ha han hemos había habían hay puedo puede "
        "pueden podría podrían podía quiero quiere quería quisiera debo debe debería voy va van vamos iba tengo "
        "tiene tienen tenía sería fue ser estar haber"
    ),
    s="yo nosotros él ella ellos ellas usted ustedes tú",
    o="me te se nos le les lo la los las mí ti eso esto ese este ello algo nada todo uno una",
    q="qué dónde cuándo quién cómo cuál cuáles cuánto cuánta cuántos cuántas adónde",
    f="eh em mmm mm ehm este pues hmm ah",
    l=(
        "muy más menos tan también sólo solo casi quizás quizá tal ya aún todavía bastante demasiado entonces bueno "
        "además mucho mucha muchos muchas señor señora señorita doctor doctora no nada tampoco unos aproximadamente"
    ),
    v=(
        "quiero quería quisiera necesito necesitaba busco llamo llamaba tengo tenía gustaría puedo deseo digo creo "
        "pienso sé saber hacer decir dice llama deme dígame compré pedí pido pagué mandé envié perdí encontré recibí "
        "recibo prefiero tomo dije dijo dijeron hice hizo di dio puse puso tuve vi quise supe trajo traigo pongo veo "
        "oigo entiendo conozco espero firmé abrí leí escribí hablé pregunté"
    ),
    w=(
        "llegó llegué viene vino vienen vengo funciona funcionan pasa pasó va vale sirve duele cuesta llueve falta "
        "basta existe vive vivo trabaja trabajo salgo sale salió murió cayó abre cierra abren cierran empieza "
        "termina depende importa parece suena huele roto rota cerrado cerrada"
    ),
    n=(
        "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis "
        "diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis "
        "veintisiete veintiocho veintinueve treinta cuarenta cincuenta sesenta setenta ochenta noventa cien ciento "
        "doscientos mil doble"
    ),
    y="sí si no vale claro bueno bien correcto exacto exactamente perfecto cierto listo ok okay eso ya",
    z=(
        "gracias favor adiós hoy mañana ayer ahora aquí ahí allí allá luego después tarde noche semana mes año "
        "también más nada todo bien"
    ),
)
