"""The small words of English. Rule: a contraction is an auxiliary with its subject."""

from pipeline.turn_words.grammar import grammar

_VOWELS = frozenset("aeiou")
_DOUBLED = frozenset(
    ("get", "put", "cut", "let", "set", "forget", "drop", "plan", "stop", "run", "sit", "swim", "cancel", "travel")
)


def _forms(verbs: str) -> str:
    """Verbs with their regular endings."""
    return " ".join(form for verb in verbs.split() for form in _regular(verb))


def _regular(verb: str) -> tuple[str, str, str, str]:
    if verb.endswith("e"):
        return verb, f"{verb}s", f"{verb}d", f"{verb[:-1]}ing"
    if verb[-1] == "y" and verb[-2] not in _VOWELS:
        return verb, f"{verb[:-1]}ies", f"{verb[:-1]}ied", f"{verb}ing"
    stem = verb + verb[-1] if verb in _DOUBLED else verb
    return verb, f"{verb}{'es' if verb.endswith(('s', 'sh', 'ch', 'x')) else 's'}", f"{stem}ed", f"{stem}ing"


ENGLISH = grammar(
    shapes="ing:g ed:w ly:k",
    holding=(
        "hold on,hang on,one moment,one second,one sec,just a moment,just a second,just a minute,wait a minute,"
        "give me a second,give me a moment,bear with me,let me see,let me think,let me check,let me look,let's see,"
        "you know,i mean,i was thinking,i was wondering,the thing is,sort of,kind of,how do i say,what was it,"
        "first of all,first thing,for one thing,another thing,one more thing,one thing,one question,a quick question,"
        "i have a question,i had a question,i've got a question,got a question,i have a problem,"
        "i have one more question,another question,my question is,my problem is,the problem is,the question is,"
        "the point is,the issue is,the reason is,to be honest,to be fair,to tell you the truth,in other words,"
        "for example,for instance,on the one hand,on the other hand,by the way,here's the thing,here's my problem,"
        "in fact,long story short,at the end of the day,as i said,like i said,to be clear,i'll tell you what,"
        "it's like this,it's about this,let me explain,how can i put it,how shall i say,"
        "what do you call it,what's it called,where did i put it,i'm just looking,i'm looking,"
        "i'm just checking,one moment please,just a moment please,hold on please,one second please,one sec please,"
        "hang on a minute,hang on a second,hold on a second,hold on a minute,wait a second,wait a moment,wait,"
        "just wait,give me a sec,give me a minute,let me get it,let me find it,let me check that,let me see now,"
        "let me think now,well let's see,now let's see"
    ),
    a="a an the my your our their its every no",
    p=(
        "to of for with from at about into between through during without against among towards toward until till "
        "since per via upon regarding concerning including except besides despite near behind beside under above "
        "below like than as by onto within beyond"
    ),
    u="each another both either neither several all some any many much more most less few",
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
    s=(
        "i we he she they you it there i'm i'd i'll i've you're you'd you'll you've he's she's it's we're we'd we'll "
        "we've they're they'd they'll they've there's"
    ),
    o="me you him her us them it this that these those one ones mine yours something anything nothing everything",
    q="what where when who whom which how why whose",
    f="um uh er erm uhm hmm hm mm em ah eh umm uhh",
    l=(
        "just very really quite rather too also maybe perhaps probably actually basically well so then such even "
        "only almost exactly already still please another different certain about around either somewhere mister "
        "missus mrs mr ms doctor dr"
    ),
    v=(
        "like got called gave given told said made took taken found bought brought sent knew known thought kept "
        "meant saw seen had heard read caught felt held led left paid sold sought taught won wore written wrote "
        "threw thrown shown hit cut put let set cost hurt lent spent built met lost forgot forgotten chose chosen "
        "drew drawn beat understood sure afraid able supposed going trying used about interested aware full "
        + _forms(
            "want need give tell say make take find buy bring send change cancel use see know think reach ask keep "
            "pay book order mean hear feel hold leave sell win wear write throw show lend spend build meet lose "
            "choose draw add accept advise allow answer arrange attach avoid believe block blame borrow break carry "
            "catch cause charge check clean collect complete confirm connect contain consider copy cover damage "
            "deliver describe discuss drop enjoy expect explain fetch fill finish fix follow forget get guess handle "
            "hate help hope hire identify imagine include install insure involve invite join lift like list look "
            "love mention miss move name notice offer own pack pick plan post prefer press print produce promise "
            "provide pull push raise realise receive recommend register remember remove rent repair replace report "
            "request require reserve return save schedule select share sign solve spell start suggest supply support "
            "suppose taste test thank touch track translate treat try turn update upgrade visit wash watch weigh "
            "wonder upload download email mail text phone ring call claim owe"
        )
    ),
    w=(
        "came went gone worked ran fell fallen slept sat stood rose died lied broke broken froze frozen rang rung "
        "began begun grew grown flew flown drove driven ate eaten drank drunk spoke spoken swam sang left "
        + _forms(
            "come go work happen arrive wait sleep sit stand live die agree appear disappear depend exist fall fail "
            "fly grow laugh leak listen matter react rain ring rise run smell snow speak stop talk travel walk worry "
            "expire crash hurt cry smile relax retire return start open close move change help pay drive eat drink "
            "cook swim sing"
        )
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
