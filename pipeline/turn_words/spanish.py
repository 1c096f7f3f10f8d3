"""The small words of Spanish. Rule: an accent is part of the word, and a recogniser may leave it out."""

from pipeline.turn_words.grammar import grammar

SPANISH = grammar(
    holding=(
        "un momento,un momentito,un segundo,un minuto,espere,espera,a ver,déjeme ver,déjame ver,déjeme pensar,"
        "cómo se dice,o sea,es decir,es que,lo que pasa es que,estaba pensando,la cosa es que,digamos,"
        "quería preguntar,permítame"
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
        "pienso sé saber hacer decir dice llama deme dígame"
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
