"""What the tasks `topic` and `coordination_inversion` have to say: lexical fields, small events.

In `CAUSES` the word PERSON stands for somebody, drawn anew each time. In `TOPICS` a line
`verb: noun noun` lists the things to which one does this; verbs and nouns are base forms.
"""

from __future__ import annotations

CAUSES: tuple[tuple[str, str], ...] = (
    ("the rain flooded the cellar", "PERSON called a plumber"),
    ("the freezer broke down", "PERSON gave the fish to the cats"),
    ("the storm tore the tiles off the roof", "PERSON fetched a ladder"),
    ("the last bus left without PERSON", "PERSON ordered a taxi"),
    ("the toaster caught fire", "PERSON grabbed the extinguisher"),
    ("the goat ate the tickets", "PERSON bought new ones"),
    ("the snow blocked the only road", "PERSON cancelled the meeting"),
    ("PERSON lost the key to the shed", "PERSON forced the door"),
    ("the dog stepped on a thorn", "PERSON phoned the vet"),
    ("the printer ran out of ink", "PERSON copied the letter by hand"),
    ("PERSON sprained an ankle", "the coach sent on a substitute"),
    ("the lights went out", "PERSON lit a candle"),
    ("the cake burned in the oven", "PERSON opened all the windows"),
    ("PERSON broke a tooth", "the dentist cancelled lunch"),
    ("the river rose", "PERSON moved the cattle uphill"),
    ("the tenor caught a cold", "PERSON sang the part instead"),
    ("a burglar smashed the window", "PERSON nailed a board over the hole"),
    ("the baby fell asleep", "PERSON turned the music down"),
    ("PERSON spilled wine on the carpet", "PERSON fetched some salt"),
    ("the crops failed", "the price of bread doubled"),
    ("the alarm rang", "the thieves dropped the silver"),
    ("the referee blew the whistle", "the players left the pitch"),
    ("the milk turned sour", "PERSON drank the coffee black"),
    ("a lorry hit the bridge", "PERSON closed the line"),
    ("the factory shut", "PERSON looked for other work"),
    ("PERSON told a terrible joke", "the guests groaned"),
    ("the chain came off the bicycle", "PERSON walked home"),
    ("the critics praised the play", "the tickets sold out"),
    ("PERSON fainted in the heat", "PERSON called an ambulance"),
    ("the moths ruined the curtains", "PERSON sewed new ones"),
    ("the pond froze", "PERSON sharpened the skates"),
    ("PERSON insulted the mayor", "the mayor demanded an apology"),
    ("the fog hid the coast", "PERSON dropped the anchor"),
    ("the judge dismissed the case", "the prisoner walked free"),
    ("PERSON proposed a toast", "the guests raised their glasses"),
    ("PERSON pressed the bell twice", "the porter unlocked the gate"),
    ("the battery died", "PERSON missed the call"),
    ("PERSON told the waiter about the fly", "the waiter apologised"),
    ("the wasps built a nest in the chimney", "PERSON put on a veil"),
    ("the tap dripped", "PERSON changed the washer"),
)

# How somebody comes by a thing; what is done to it afterwards comes from the lexicon.
FINDING = "bought discovered found noticed spotted stole"

# What is not done afterwards: one cannot build what has already been found.
NOT_AFTERWARDS = """
    adopt bake build buy choose cook design enjoy fear grow keep knit like love own pity sew write
"""

# Moments in their order, so that two of them tell which clause comes first.
CALENDARS: tuple[tuple[str, ...], ...] = (
    ("in January", "in March", "in May", "in July", "in August", "in October", "in December"),
    ("on Monday", "on Tuesday", "on Wednesday", "on Thursday", "on Friday", "on Saturday"),
    ("at six", "at seven", "at eight", "at nine", "at ten", "at eleven"),
    ("in 1968", "in 1975", "in 1983", "in 1987", "in 1994", "in 2001", "in 2009", "in 2016"),
)

TOPICS: dict[str, dict[str, str]] = {
    "astronomy": {
        "people": "astronaut astronomer observer physicist stargazer",
        "verbs": """
            observe: comet eclipse planet star meteor galaxy supernova
            photograph: crater moon galaxy nebula comet planet eclipse
            measure: orbit spectrum asteroid distance star galaxy
            adjust: telescope lens antenna mirror camera
            launch: satellite probe rocket capsule
            discover: asteroid pulsar moon crater planet comet
        """,
        "places": "in the observatory|under the night sky|at the planetarium|near the launch pad",
    },
    "cooking": {
        "people": "chef caterer cook baker diner",
        "verbs": """
            chop: onion carrot pepper mushroom herb
            season: stew sauce soup marinade steak
            bake: loaf cake tart pie biscuit
            fry: egg mushroom steak sausage onion
            stir: sauce soup batter custard risotto
            taste: soup sauce stew custard marinade dessert
        """,
        "places": "in the kitchen|beside the stove|at the restaurant|in the bakery",
    },
    "law": {
        "people": "attorney barrister judge juror prosecutor defendant witness",
        "verbs": """
            question: witness suspect defendant expert
            sign: contract affidavit settlement statement
            reject: appeal verdict plea objection claim
            draft: contract statute clause treaty brief
            examine: document statement clause alibi testimony
            file: lawsuit appeal claim objection motion
        """,
        "places": "in the courtroom|before the tribunal|at the hearing|in the cells",
    },
    "medicine": {
        "people": "doctor nurse surgeon medic midwife paramedic",
        "verbs": """
            treat: fever wound infection fracture rash
            prescribe: tablet ointment vaccine antibiotic painkiller
            bandage: wrist ankle wound knee elbow
            examine: patient wound throat scan rash
            diagnose: infection fracture allergy fever migraine
            sterilise: needle scalpel syringe bandage
        """,
        "places": "in the clinic|on the ward|at the hospital|in the ambulance",
    },
    "music": {
        "people": "cellist composer conductor drummer pianist singer",
        "verbs": """
            tune: violin guitar harp piano cello
            compose: symphony ballad sonata opera waltz
            rehearse: duet sonata chorus aria quartet
            record: album ballad song quartet symphony
            play: flute trumpet waltz melody violin encore
            hum: melody waltz song tune aria
        """,
        "places": "in the concert hall|on the stage|at the opera house|in the studio",
    },
    "sailing": {
        "people": "captain helmsman sailor skipper yachtsman deckhand",
        "verbs": """
            hoist: sail anchor flag jib
            steer: yacht ketch dinghy schooner ferry
            moor: dinghy yacht barge schooner ferry
            scrub: deck hull cabin galley
            repair: mast rudder keel hull
            sight: reef lighthouse whale iceberg buoy
        """,
        "places": "in the harbour|off the coast|on the open sea|at the quay",
    },
}
