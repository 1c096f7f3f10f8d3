"""The small words of French. Rule: an elided word (`l'`, `qu'`) that nothing follows is the whole word."""

from pipeline.turn_words.grammar import grammar

FRENCH = grammar(
    shapes="aient:w ait:w iez:w ez:w ions:w ons:w ées:g ée:g és:g é:g ant:g ment:k er:i ir:i oir:i",
    holding=(
        "un instant,un moment,une seconde,une minute,attendez,attends,deux secondes,ne quittez pas,laissez-moi voir,"
        "laissez-moi,voyons,comment dire,c'est-à-dire,je veux dire,je me demandais,je pensais,en fait,"
        "le truc c'est que,disons,je voulais savoir,j'ai une question,j'ai une autre question,une question,"
        "encore une question,autre chose,j'ai un problème,j'ai un souci,mon problème c'est,ma question c'est,"
        "ma question est,le problème c'est,le problème est,le truc c'est,la question c'est,voilà,voilà le problème,"
        "je vous explique,écoutez,alors écoutez,tout d'abord,d'abord,pour commencer,par exemple,au fait,d'un côté,"
        "de l'autre côté,en plus,comme je disais,comme je vous disais,pour être franc,pour être honnête,honnêtement,"
        "franchement,bref,en bref,au fond,c'était comment,c'est comment déjà,comment ça s'appelle,comment on dit,"
        "un instant s'il vous plaît,une seconde s'il vous plaît,un petit instant,attendez une seconde,"
        "attendez un instant,laissez-moi regarder,laissez-moi réfléchir,je cherche,je regarde,je réfléchis,"
        "je vérifie,je peux vous poser une question,deux secondes s'il vous plaît"
    ),
    a=(
        "le la les l' un une des du mon ma mes ton ta tes son sa ses notre nos votre vos leur leurs ce cet cette ces "
        "chaque quelque quelques plusieurs aucun aucune quel quelle quels quelles certains certaines au aux"
    ),
    p=(
        "à de d' en avec pour par sans sous sur entre vers chez dans depuis pendant contre jusque jusqu' jusqu'à "
        "avant après selon malgré sauf environ"
    ),
    t="",
    c="et ou mais ni car donc",
    b="que qu' parce puisque si s' quand lorsque comme dont où qui afin pourquoi alors",
    x=(
        "est sont était étaient suis es sommes êtes ai as a avons avez ont avait avaient j'ai j'avais c'est c'était "
        "ce serait peux peut pouvez peuvent pourrais pourrait pourriez veux veut voulez voudrais voudrait voulais "
        "dois doit devrais vais va vont allons allez faut faudrait serait j'aurais j'aimerais j'étais n'est n'ai n'a "
        "y'a qu'est est-ce"
    ),
    s="je j' tu il elle on nous vous ils elles ce c' j'ai j'avais c'est c'était j'aurais j'aimerais j'étais j'appelle",
    o="me m' te t' se s' le la les lui leur y en moi toi soi eux ça cela ceci rien tout quelqu'un l'un",
    q="quoi où quand qui comment combien pourquoi lequel laquelle quel quelle qu'est-ce",
    f="euh heu hum hm hmm ben bah bon ah mmh eh",
    l=(
        "très plus moins assez trop bien aussi juste seulement encore déjà peut-être presque plutôt ne n' pas alors "
        "donc même tellement monsieur madame mademoiselle docteur beaucoup vraiment tout toute tous toutes voilà"
    ),
    v=(
        "voudrais voulais j'aimerais cherche j'ai prends m'appelle s'appelle besoin appelle j'appelle souhaite "
        "souhaiterais pense crois sais savoir dire faire dit fait mis pris vu reçu perdu trouvé acheté envoyé "
        "demandé payé commandé donné j'achète préfère veux comprends connais vois entends attends j'attends j'espère "
        "mets donne demande oublié réservé signé ouvert écrit parlé"
    ),
    w=(
        "vient viens venu venue arrive arrivé arrivée marche fonctionne passe passé part parti partie tombe tombé "
        "dort travaille habite j'habite reste suffit dépend manque pleut fuit sonne commence finit existe meurt mort "
        "cassé cassée fermé fermée change bouge ouvre ferme coûte dure"
    ),
    n=(
        "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize vingt trente "
        "quarante cinquante soixante cent mille double dix-sept dix-huit dix-neuf"
    ),
    y="oui non ouais si d'accord ok okay exactement voilà parfait bien sûr certes tout entendu volontiers",
    z=(
        "merci revoir plaît aujourd'hui demain hier maintenant ici là là-bas soir matin midi semaine mois année "
        "aussi plus encore bientôt tard heures heure pas"
    ),
)
