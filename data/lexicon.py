"""The words of the generated probing tasks, as plain tables.

Nouns and verbs are sorted by *kind*: a verb stands under every kind of object it selects, so that
"the baker repaired the van" can be written and "the baker repaired the soup" cannot.

Two sorts of words are left out on purpose, because they would blur the labels: verbs whose past
form is also a present form (`cut`, `put`, `read`), and nouns that do not change in the plural.
"""

from __future__ import annotations

NOUNS: dict[str, str] = {
    "person": """
        actor actress architect athlete aunt baker banker barber beekeeper blacksmith butcher
        captain carpenter chemist child clerk coach composer cook cousin dancer dentist detective
        doctor duchess editor engineer farmer fisherman florist gardener guard guide heiress hero
        jeweller journalist judge juggler landlord lawyer librarian lodger magician mayor mechanic
        midwife miner minister monk musician neighbour nephew niece nun nurse orphan painter pilot
        plumber poet policeman potter principal printer sailor sculptor secretary shepherd singer
        soldier stranger student surgeon surveyor tailor teacher thief tourist translator uncle
        usher violinist waiter witness woman writer
    """,
    "animal": """
        calf cat colt cow dog donkey ferret fox goat goose hamster hen horse kitten lamb mouse
        parrot pigeon pony puppy rabbit tortoise turkey wolf
    """,
    "text": """
        article ballad contract diary essay invitation leaflet letter memoir novel play poem recipe
        report sermon speech story verse
    """,
    "dish": """
        cake casserole curry dumpling loaf omelette pancake pastry pie pudding salad sausage stew
        tart trifle
    """,
    "vehicle": "bicycle boat bus canoe car carriage ferry lorry scooter taxi tractor train van",
    "building": """
        barn bungalow cabin castle chapel cottage factory greenhouse hotel house lighthouse mill
        museum palace school shed stable theatre tower
    """,
    "garment": """
        apron belt blouse cape cardigan coat dress glove hat jacket kilt robe scarf shirt skirt
        sock suit waistcoat
    """,
    "instrument": "accordion banjo cello clarinet drum flute guitar harp oboe piano trumpet violin",
    "thing": """
        basket bench blanket bottle bowl box bucket candle carpet chair clock coin compass cup
        curtain cushion ladder lamp mirror necklace parcel rope sack saddle shelf sofa statue
        suitcase teapot telescope torch tray trophy umbrella vase
    """,
    "plant": "bush cactus daisy fern hedge lily orchid rose shrub tomato tree tulip vine",
}

# The people whom somebody can have: only they take a possessive ("Martha's thief" reads oddly).
POSSESSED = """
    aunt baker banker barber butcher coach cook cousin dentist doctor editor florist gardener guide
    landlord lawyer librarian lodger mechanic midwife neighbour nephew niece pilot
    plumber secretary student surgeon tailor teacher translator uncle
"""

IRREGULAR_PLURALS = {
    "calf": "calves", "child": "children", "goose": "geese",
    "hero": "heroes", "loaf": "loaves", "midwife": "midwives", "mouse": "mice",
    "piano": "pianos", "scarf": "scarves", "shelf": "shelves",
    "thief": "thieves", "tomato": "tomatoes", "wolf": "wolves",
}  # fmt: skip

# Transitive verbs, under the kinds of object that they select. Their subjects are people.
VERBS: dict[str, str] = {
    "person": """
        admire amuse annoy avoid blame call comfort defend distrust envy fear follow forget forgive
        greet help hire hug ignore imitate impress insult interview invite know like mention mock
        miss pity praise protect question recognise remember respect ridicule scold sketch surprise
        tease thank trust understand visit warn watch
    """,
    "animal": """
        adopt brush buy calm catch chase draw fear feed follow groom hide love photograph pity
        rescue sell steal stroke tame train walk wash watch
    """,
    "text": """
        burn copy discuss edit enjoy forget hide keep praise print publish quote rewrite ridicule
        send shorten sign study tear translate type understand write
    """,
    "dish": """
        bake burn buy choose cook eat enjoy freeze offer order prepare refuse ruin season sell
        serve share taste
    """,
    "vehicle": """
        borrow buy choose design drive hide inspect load paint park polish push rent repair
        sell steal wash
    """,
    "building": """
        admire build buy clean design enter guard heat inspect leave lock paint photograph rent
        repair sell sketch
    """,
    "garment": """
        borrow brush buy choose design dye fold hide iron keep knit mend pack ruin sell sew steal
        wash wear
    """,
    "instrument": """
        borrow break buy carry choose clean drop keep lose play polish repair ruin sell steal
        tune
    """,
    "thing": """
        borrow break buy carry choose clean drop hide hold inspect keep lose move paint polish
        repair ruin sell sketch steal wrap
    """,
    "plant": "admire buy choose draw grow move paint photograph pick plant prune ruin sell water",
}

# Intransitive verbs, under the kinds of subject that they select.
INTRANSITIVE: dict[str, str] = {
    "person": """
        argue blush complain cough dance doze faint frown giggle grumble hesitate joke kneel laugh
        listen nod pray protest quarrel relax run shiver shout sigh sing sleep smile sneeze stumble
        swear tremble wait weep whisper whistle work yawn
    """,
    "thing": """
        burn disappear fall gleam move reappear shake shine sink slide slip smell vanish
    """,
    "vehicle": """
        creak disappear move overturn reappear rust shake stop tilt turn vanish wobble
    """,
}

# Inanimate subjects, people as objects.
PSYCH_VERBS = (
    "amuse annoy bore calm charm comfort delight distract frighten please puzzle surprise worry"
)

IRREGULAR_PASTS = {
    "break": "broke", "build": "built", "buy": "bought", "catch": "caught", "choose": "chose",
    "draw": "drew", "drive": "drove", "eat": "ate", "fall": "fell", "feed": "fed",
    "forget": "forgot", "forgive": "forgave", "freeze": "froze", "grow": "grew", "hide": "hid",
    "hold": "held", "keep": "kept", "know": "knew", "kneel": "knelt", "leave": "left",
    "lose": "lost", "rewrite": "rewrote", "run": "ran", "sell": "sold", "send": "sent",
    "sew": "sewed", "shake": "shook", "shine": "shone", "sing": "sang", "sink": "sank",
    "slide": "slid", "sleep": "slept",
    "steal": "stole", "swear": "swore", "tear": "tore", "understand": "understood",
    "wear": "wore", "weep": "wept", "write": "wrote",
}  # fmt: skip

# Verbs that double their last letter: hug, hugged.
DOUBLING = frozenset(
    (
        "chop",
        "drop",
        "hug",
        "hum",
        "knit",
        "nod",
        "quarrel",
        "scrub",
        "slip",
        "stir",
        "stop",
        "wrap",
    )
)

ADJECTIVES: dict[str, str] = {
    "person": """
        ambitious anxious bald brave careless cheerful clever clumsy curious eccentric famous
        forgetful friendly gentle generous graceful greedy grumpy handsome honest hungry jealous
        lazy lonely lucky modest nervous patient polite popular practical proud quiet restless
        retired rude shy sleepy stubborn talkative tall thoughtful tired unhappy vain wealthy witty
        young
    """,
    "animal": "brown clever fat hungry lame noisy old shy sleepy spotted tame white young",
    "text": "angry anonymous brief clumsy dull famous funny honest long lost sad secret short",
    "dish": "burnt cold delicious enormous greasy hot simple spicy stale sweet tasteless",
    "vehicle": """
        antique battered blue cheap comfortable expensive fast heavy muddy new old rusty slow yellow
    """,
    "building": """
        abandoned ancient dark draughty elegant famous gloomy haunted modern narrow old tiny white
    """,
    "garment": """
        black cheap crumpled elegant green long old purple shabby silk striped torn woollen
    """,
    "instrument": "antique battered cheap expensive old rare tiny valuable",
    "thing": """
        antique battered blue broken cheap dusty expensive fragile heavy large new old plain rare
        square ugly valuable wooden
    """,
    "plant": "beautiful dead delicate exotic fragrant large pale rare tall thorny tiny",
}

# Adjectives that can also follow their object: "she sold the van new", "painted the door white",
# "chose the saddle (that was) battered in the rain".
AFTER_OBJECT = """
    abandoned battered black blue brief broken brown burnt cheap cold crumpled dark dead fast fat
    greasy green haunted heavy hot hungry lame large long lost muddy narrow new old pale plain
    purple rusty sad secret short silk simple slow spicy spotted square stale striped sweet tall
    tame torn white yellow young
"""

# Adverbs that stand before the verb and go with the past as well as with the present.
ADVERBS = """
    always eagerly gladly happily never obviously often openly proudly quietly rarely really
    reluctantly secretly seldom sometimes still usually wisely
"""

NAMES = {
    "she": "Agnes Beatrice Carmen Edith Fatima Greta Ingrid Judith Leila Martha Nadia Olga Priya",
    "he": "Albert Boris Carlos David Emil Felix Hassan Igor Joseph Kenji Luis Nigel Otto Walter",
}

CONJUNCTIONS = "although|because|even though|whereas"
NEAR_PERSON = "across from|behind|beside|in front of|near|next to|opposite"

# Where and when, in a tense-neutral and number-neutral wording.
PLACES = """
    at the market|at the station|behind the church|beside the river|by the lake|in the attic
    in the cellar|in the garden|in the harbour|in the kitchen|in the library|in the park
    in the village|near the bridge|near the border|near the school|on the balcony|on the beach
    on the hill|on the island|under the arches|outside the bank|in the courtyard|at the corner
    beside the canal|in the old town|on the roof|at the airport|behind the stadium|in the square
"""
TIMES = """
    after breakfast|after dark|after the concert|after the storm|at dawn|at midnight|at noon
    before dinner|before sunrise|before the wedding|during the holidays|during the strike
    in the afternoon|in the evening|in the morning|in the rain|on Sunday|on Friday|in winter
    in spring|on Tuesday|during the festival|before the exam|after the service|at lunchtime
"""


def words(table: str) -> tuple[str, ...]:
    """The entries of a table: split at bars and line ends if it has bars, else at blanks."""
    parts = table.replace("\n", "|").split("|") if "|" in table else table.split()
    return tuple(part.strip() for part in parts if part.strip())
