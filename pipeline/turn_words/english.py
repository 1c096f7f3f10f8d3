"""The small words of English. Rule: a contraction is an auxiliary with its subject."""

from pipeline.turn_words.grammar import grammar

ENGLISH = grammar(
    holding=(
        "hold on,hang on,one moment,one second,one sec,just a moment,just a second,just a minute,wait a minute,"
        "give me a second,give me a moment,bear with me,let me see,let me think,let me check,let me look,let's see,"
        "you know,i mean,i was thinking,i was wondering,the thing is,sort of,kind of,how do i say,what was it"
    ),
    a="a an the my your our their its every no each another both either neither several",
    p=(
        "to of for with from at about into between through during without against among towards toward until till "
        "since per via upon regarding concerning including except besides despite near behind beside under above "
        "below like than as by onto within beyond"
    ),
    t="in on up out off over down around across along after before past inside outside",
    c="and or but plus nor",
    b=(
        "because if that whether when while although though unless so which who whose where once whenever wherever "
        "cause cos until since before after"
    ),
    x=(
        "is are was were am be been being do does did don't doesn't didn't have has had can could will would shall "
        "should may might must can't couldn't won't wouldn't shouldn't haven't hasn't isn't aren't wasn't i'm i'd "
        "i'll i've you're you'd you'll you've he's she's it's we're we'd we'll we've they're they'd they'll they've "
        "that's there's what's where's who's here's how's let's gonna wanna gotta"
    ),
    s="i we he she they you it there",
    o="me you him her us them it this that these those one ones mine yours something anything nothing everything",
    q="what where when who whom which how why whose",
    f="um uh er erm uhm hmm hm mm em ah eh umm uhh",
    l=(
        "just very really quite rather too also maybe perhaps probably actually basically well so then some any many "
        "much more most less such even only almost exactly already still please another different certain about "
        "around either somewhere mister missus mrs mr ms doctor dr"
    ),
    v=(
        "want wanted need needed like get give tell say said make take find buy bring send change cancel use see "
        "know think thinking wondering looking trying reach having asking calling hoping call ask let keep put pay "
        "book order called means mean saying got"
    ),
    n=(
        "zero oh one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand double "
        "triple"
    ),
    y="yes no yeah yep nope sure okay ok right correct exactly absolutely definitely alright fine perfect great",
    z=(
        "please thanks thank bye goodbye today tomorrow tonight now here there again later soon too instead anymore "
        "already yesterday morning afternoon evening noon midnight week month year everything then all yet either"
    ),
)
