"""The small words of French. Rule: an elided word (`l'`, `qu'`) that nothing follows is the whole word."""

from pipeline.turn_words.grammar import grammar

FRENCH = grammar(
    holding=(
        "un instant,un moment,une seconde,une minute,attendez,attends,deux secondes,ne quittez pas,laissez-moi voir,"
        "laissez-moi,voyons,comment dire,c'est-à-dire,je veux dire,je me demandais,je pensais,en fait,"
        "le truc c'est que,disons,je voulais savoir"
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
    s="je j' tu il elle on nous vous ils elles ce c'",
    o="me m' te t' se s' le la les lui leur y en moi toi soi eux ça cela ceci rien tout quelqu'un l'un",
    q="quoi où quand qui comment combien pourquoi lequel laquelle quel quelle qu'est-ce",
    f="euh heu hum hm hmm ben bah bon ah mmh eh",
    l=(
        "très plus moins assez trop bien aussi juste seulement encore déjà peut-être presque plutôt ne n' pas alors "
        "donc même tellement monsieur madame mademoiselle docteur beaucoup vraiment tout toute tous toutes voilà"
    ),
    v=(
        "voudrais voulais j'aimerais cherche j'ai prends m'appelle s'appelle besoin appelle j'appelle souhaite "
        "souhaiterais pense crois sais savoir dire faire"
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
