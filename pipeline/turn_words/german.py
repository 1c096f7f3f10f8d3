"""The small words of German. Rule: a preposition that also ends a sentence as part of its verb is a particle."""

from pipeline.turn_words.grammar import grammar

GERMAN = grammar(
    shapes="iert:w ieren:i ungen: ung: heit: keit: en:i st:w te:w ten:w lich:k ig:k",
    infinitives=("en", "ern", "eln", "tun", "sein"),
    m=(
        "kann können könnte könnten konnte muss müssen müsste soll sollen sollte will wollen wollte möchte möchten "
        "würde darf"
    ),
    holding=(
        "einen moment,einen augenblick,moment,moment mal,augenblick,sekunde,eine sekunde,warten sie,warte,mal sehen,"
        "mal schauen,lassen sie mich,ich schau mal,ich schaue mal,ich muss mal,wie sagt man,sagen wir,ich meine,"
        "ich dachte,ich wollte fragen,die sache ist,und zwar,das heißt,erst mal,zunächst,zunächst mal,"
        "ich habe eine frage,ich hätte eine frage,ich habe da eine frage,eine frage noch,nur eine frage,"
        "noch eine frage,noch etwas,ich habe ein problem,mein problem ist,meine frage ist,meine frage wäre,"
        "das problem ist,die frage ist,der punkt ist,es ist so,es ist folgendes,folgendes,um ehrlich zu sein,"
        "ehrlich gesagt,kurz gesagt,im grunde,zum beispiel,einerseits,andererseits,außerdem,übrigens,wie gesagt,"
        "wie soll ich sagen,wie heißt das noch,wie war das noch,einen moment bitte,moment bitte,augenblick bitte,"
        "sekunde bitte,warten sie mal,warten sie kurz,warten sie bitte,ich suche gerade,ich schaue nach,"
        "ich muss kurz nachsehen,ich muss mal nachsehen,lassen sie mich überlegen,lassen sie mich nachsehen,"
        "mal überlegen,ich überlege gerade,kleinen moment,einen kleinen moment,darf ich etwas fragen,hören sie,"
        "passen sie auf"
    ),
    a=(
        "der die das den dem des ein eine einen einem einer eines mein meine meinen meinem meiner meines dein deine "
        "ihr ihre ihren ihrem ihrer unser unsere unseren unserem unserer sein seine seinen seinem seiner kein keine "
        "keinen keinem keiner dieser diese diesen diesem dieses jeder jede jeden jedem jedes welche welcher welchen "
        "welches euer eure"
    ),
    p=(
        "von mit für bei nach zu zum zur aus seit gegen ohne wegen während bis zwischen über unter im am ins ans "
        "beim vom in hinter neben trotz statt pro je laut als"
    ),
    u="beide beiden mehrere einige mehr viele wenige alle jede jeder jedes keine keiner keins",
    t="an auf ab vor um durch ein mit zu aus nach vorbei hin her",
    c="und oder aber sondern sowie beziehungsweise denn",
    b=(
        "dass weil wenn ob damit obwohl bevor nachdem sobald falls während solange sodass als der die das welcher "
        "welche welches wo"
    ),
    x=(
        "ist sind war waren bin bist seid habe hab hat haben hatte hatten hätte hätten werde wird werden wurde würde "
        "würden kann können könnte könnten konnte muss müssen müsste soll sollen sollte will wollen wollte wollten "
        "möchte möchten darf dürfen dürfte mag gibt ist's wäre wären geht's"
    ),
    s="ich wir er sie es man du ihr",
    o="mich mir uns ihn ihm ihnen sie es dich dir euch das sich dies alles etwas nichts eins",
    q="was wo wann wer wen wem wie warum wieso weshalb welche welcher welches wohin woher wieviel",
    f="äh ähm öh hm hmm ähh em mh tja",
    l=(
        "sehr ganz noch auch nur schon mal so also eigentlich vielleicht wahrscheinlich ungefähr etwa circa gern "
        "gerne einfach eher ziemlich zu nicht bitte dann irgendwie irgendwas halt herr frau doktor etwas mehr viele "
        "wenige alle ob zwar erst nun jetzt sagen"
    ),
    v=(
        "brauche brauchen braucht bräuchte suche sucht suchen nehme nehmen nimmt hätte finde findet finden heiße "
        "heißt lautet meine meinen meint glaube glauben denke denken weiß wissen sagen sagte sagt rufe frage fragen "
        "fragt wüsste bekomme bekommt bekam bringe bringt gebe gibt gab zeige zeigt kenne kennt höre hört sehe sieht "
        "sah mache macht kaufe kauft kostet koste bezahle zahle schicke schickt schreibe schreibt nenne bestelle "
        "hieß hole holt verstehe versteht vermute hoffe hofft plane wünsche benötige benötigen öffne prüfe lege "
        "stelle setze verliere"
    ),
    w=(
        "kommt komme kam kamen geht gehe ging gingen fährt fahre fuhr läuft lief steht stand liegt lag wohnt wohne "
        "wohnen arbeitet arbeite klappt funktioniert passiert reicht dauert wartet warte regnet stimmt fehlt passt "
        "schläft stört klingelt bleibt blieb fällt fiel hängt sitzt saß war bin weh kaputt weg fertig leer zu offen"
    ),
    n=(
        "null eins zwei zwo drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn "
        "siebzehn achtzehn neunzehn zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig hundert tausend "
        "doppel"
    ),
    y="ja nein nee jo doch okay ok genau richtig gut klar natürlich sicher gerne stimmt jawohl prima super passt",
    z=(
        "bitte danke tschüss wiederhören heute morgen gestern jetzt hier dort da wieder später bald dann auch nicht "
        "mehr uhr abend vormittag nachmittag mittag woche schön sehr"
    ),
)
