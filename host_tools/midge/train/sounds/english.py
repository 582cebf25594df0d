# SPDX-License-Identifier: MIT
"""Common words of English, for speech in which the word that is listened for does not come."""

from __future__ import annotations

import re

import numpy as np

from .engines import Speech
from .phones import made_up_words

_WORDS = """
a about above across after again against air all almost alone along already also always am an and animal another
answer any apple are area arm around art as ask at aunt autumn away baby back bad bag ball bank basket bath be bean
bear beat beautiful because bed been before began begin behind believe bell below beside best better between big bird
birthday bit black blanket blood blue boat body book born both bottle bottom bowl box boy branch bread break breakfast
bridge bright bring broken brother brought brown brush build burn bus business busy but butter button buy by call came
camera can cannot captain car card care carry cat catch cause ceiling centre certain chair chance change cheap check
cheese child children choose church circle city class clean clear climb clock close clothes cloud coat coffee cold
colour come common company complete computer cook cool copy corner correct cost could count country course cousin
cover cow cross cry cup cut dance danger dark daughter day dead deal dear decide deep desk dictionary did different
difficult dinner direction dirty do doctor does dog door doubt down dozen draw dream dress drink drive drop dry duck
during dust each ear early earth east easy eat egg eight either electric elephant else empty end engine enough enter
even evening ever every exact example except excuse expect explain eye face fact fall family famous far farm fast fat
father favourite feather feel feet fell few field fight fill film find fine finger finish fire first fish fit five
flat floor flower fly follow food foot for force forest forget fork form forty forward found four fox free fresh
friday friend from front fruit full funny garage garden gas gate gather gave gentle get girl give glad glass go goat
gold gone good got government grandmother grass great green grey ground group grow guess guitar had hair half hall
hammer hand happen happy hard has hat have he head hear heart heat heavy held hello help her here high hill him his
history hit hold hole holiday home honey hope horse hospital hot hotel hour house how hundred hungry hurry hurt
husband ice idea if important in inch inside instead interest into iron is island it jacket job join journey juice
jump june just keep kept key kick kill kind king kitchen knee knew knife know ladder lady lake lamp land language
large last late later laugh law lay lazy lead leaf learn least leather leave left leg lemon less lesson let letter
level library lie life lift light like line lion list listen little live long look lose lost lot loud love low lucky
lunch machine made magazine main make man many map march mark market marry matter may maybe me meal mean measure meat
medicine meet melon member metal middle might mile milk mind minute mirror miss mistake mix moment monday money monkey
month moon more morning most mother mountain mouse mouth move much music must my name narrow nation nature near nearly
neck need needle neighbour never new news next nice night nine no nobody noise none north nose not note nothing notice
november now number object ocean october of off offer office often oil old on once one onion only open opposite or
orange order other our out outside oven over own page paid pain paint pair pan paper parent park part party pass past
path pay peace pear pen pencil people pepper perhaps person phone photograph piano pick picture piece pig pilot pink
place plan plant plate play please pocket point police pool poor possible potato pound power practise prepare present
president press pretty price print probably problem promise proud public pull purple purpose push put queen question
quick quiet quite rabbit radio railway rain raise ran rather reach read ready real reason receive record red remember
repair repeat rest return rice rich ride right ring rise river road rock roll roof room round rule run sad safe said
sail salt same sand saturday save saw say scale school science scissors sea season seat second secret see seem sell
send sentence september serious serve seven several shall shape share sharp she sheep ship shirt shoe shop short
should shoulder shout show shut sick side sign silence silver simple since sing single sister sit six size skin sky
sleep slow small smell smile smoke snow so soap soft soldier some somebody sometimes son song soon sorry sound soup
south space speak special spell spend spoon sport spring square stairs stamp stand star start state station stay step
stick still stomach stone stood stop store storm story straight strange street strong student study such sudden sugar
summer sun sunday sure surprise sweet swim system table tail take talk tall taste taxi tea teach team telephone
television tell ten terrible test than thank that the their them then there these they thick thin thing think third
thirsty this those though thought thousand three through throw thursday ticket tiger time tired to today together told
tomato tomorrow tongue too took tool tooth top total touch towards town toy traffic train travel tree trip trouble
true trust try tuesday turn twelve twenty twice two type umbrella uncle under understand until up upon us use usual
vegetable very village visit voice volume wait walk wall want war warm was wash watch water way we weak wear weather
wednesday week weight welcome well went were west wet what wheel when where which while white who whole whose why wide
wife wild will win wind window wine winter wish with without woman wonder wood word work world worry would write wrong
yard year yellow yes yesterday yet you young your zero
"""
SHORT, LONG = (1, 4), (6, 16)  # of a row, in words
ALONE = 0.7  # share of rows that are short: a word alone in silence is more like the one that is waited for
MADE_UP = 0.3  # share of sentences whose words are made up: they sound as names, and as other languages do


def sentences(count: int, without: str, rng: np.random.Generator) -> list[Speech]:
    """Return rows of words, at random, some of them made up: a word or a few alone, and 2 to 6 seconds.

    without: a word, or several, that they do not have.
    """
    taken = set(re.split(r"[ -]", without.lower()))
    words = [word for word in _WORDS.split() if word not in taken]
    invented = made_up_words(20 * LONG[1], rng)
    found = []
    for _ in range(count):
        length = int(rng.integers(*(SHORT if rng.random() < ALONE else LONG)))
        if rng.random() < MADE_UP:
            said = [invented[int(i)] for i in rng.integers(len(invented), size=length)]
            found.append(Speech(sounds=tuple(s for word in said for s in (" ", *word))[1:]))
        else:
            found.append(Speech(" ".join(words[int(i)] for i in rng.integers(len(words), size=length))))
    return found
