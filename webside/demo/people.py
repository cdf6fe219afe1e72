"""Who lives and works in the demo: the same people each time, made up, with their words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from webside.core.actor import Role
from webside.visits.codes import Kit, SiteKind

PASSWORD = "webside-demo-1"  # noqa: S105 - the demo shows it on its first page; it runs on loopback only


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person one can be. ``comes_for`` is what the front page says they are here to do."""

    key: str
    email: str
    name: str
    tenant: str
    role: Role
    title: Any
    comes_for: Any


EVERYBODY: tuple[Somebody, ...] = (
    Somebody(
        "liz", "liz@moreno.example", "Liz Moreno", "larkspur", Role.PATIENT,
        _("Patient, in Kingston, New York, born 04/18/1969"),
        _("Sees Dr. Chen in a few minutes about her blood sugar. Check in, join, read the summary afterwards."),
    ),
    Somebody(
        "ana", "ana@moreno.example", "Ana Moreno", "larkspur", Role.DELEGATE, _("Liz Moreno’s daughter"),
        _("Acts for her mother: books, is in her visits, reads what came of them. Liz sees what she did."),
    ),
    Somebody(
        "maya", "maya.chen@larkspur.example", "Dr. Maya Chen", "larkspur", Role.CLINICIAN,
        _("Family doctor, licensed in New York and New Jersey"),
        _("Has Liz next. Meets her by video, writes and signs the note. The note of her last day is still open."),
    ),
    Somebody(
        "daniel", "daniel.whitfield@larkspur.example", "Dr. Daniel Whitfield", "larkspur", Role.CLINICIAN,
        _("Family doctor, licensed in Oregon and Washington"),
        _("Takes over when somebody is in a state where Dr. Chen may not treat."),
    ),
    Somebody(
        "priya", "priya.nair@larkspur.example", "Priya Nair", "larkspur", Role.COACH, _("Wellness coach"),
        _("Coaching: no licence gate, no diagnosis, no claim, one price. See the difference."),
    ),
    Somebody(
        "grace", "grace.lin@larkspur.example", "Grace Lin", "larkspur", Role.COORDINATOR, _("Front desk"),
        _("Sees who waits, books for people on the phone, moves and cancels. No chart."),
    ),
    Somebody(
        "marcus", "marcus.hale@larkspur.example", "Marcus Hale", "larkspur", Role.BILLER, _("Billing"),
        _("Reads draft claims: each code with its rule, what was rejected, and why."),
    ),
    Somebody(
        "ingrid", "ingrid.vass@larkspur.example", "Ingrid Vass", "larkspur", Role.COMPLIANCE, _("Compliance officer"),
        _("Verifies the trail, reviews overrides, and finds a licence that ends in eight days."),
    ),
    Somebody(
        "sol", "sol.adeyemi@larkspur.example", "Sol Adeyemi", "larkspur", Role.ADMINISTRATOR, _("Administrator"),
        _("Invites staff, looks after messages, events and heartbeats. No chart."),
    ),
    Somebody(
        "mallory", "mallory.reed@northgate.example", "Dr. Mallory Reed", "northgate", Role.CLINICIAN,
        _("Physician of another organisation, Northgate Health"),
        _("Try to reach anything of Larkspur with her: every address says that there is nothing."),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the demo clinic. ``needs``: what it answers, words between; ``by``: practitioners; money in cents."""

    name: str
    kind: str
    modality: str
    needs: str
    summary: str
    description: str
    minutes: int
    cents: int
    price: str
    by: tuple[str, ...] = ()
    billing: str = ""
    documentation: tuple[str, ...] = ()
    professions: tuple[str, ...] = ()
    on_demand: bool = False


MEDICAL = ("subjective", "assessment", "plan")

WAITING_WORDS: dict[str, dict[str, tuple[str, str]]] = {
    "Diabetes video visit": {
        "en": (
            "Your meter, with its readings of two weeks\nYour medicines, in their boxes\nSomething to write with",
            "We look at your numbers together and decide what to change. There are no wrong numbers.",
        ),
        "es": (
            "Su medidor, con las lecturas de dos semanas\nSus medicinas, en sus cajas\nAlgo para escribir",
            "Vemos juntos sus números y decidimos qué cambiar. No hay números malos.",
        ),
    },
    "Same-day video visit": {
        "en": (
            "Your medicines, in their boxes\nA thermometer, if you have one",
            "Find a light place where nobody else can hear you.",
        ),
        "es": (
            "Sus medicinas, en sus cajas\nUn termómetro, si tiene uno",
            "Busque un lugar con luz donde nadie más pueda oírle.",
        ),
    },
}
"""What the clinic says to who waits for a service, by language: what to have ready, and a few words."""

SERVICES: tuple[Service, ...] = (
    Service(
        "Same-day video visit", "telemedicine", "video", "urgent_care primary_care pharmacy",
        "Fever, cough, infection, back pain, refills",
        "You meet a family doctor by video. They ask, look, decide with you what to do, and can change your medicines.",
        20, 7500, "Co-pay or $75", ("maya", "daniel"), "visit", MEDICAL, ("physician", "nurse_practitioner"),
    ),
    Service(
        "Urgent care video visit", "telemedicine", "video", "urgent_care",
        "See a doctor now, without a booked time",
        "You wait in line, from wherever you are, and a doctor who may treat you there sees you as soon as one is free.",
        15, 8500, "Co-pay or $85", ("maya", "daniel"), "visit", MEDICAL, ("physician", "nurse_practitioner"), True,
    ),
    Service(
        "Diabetes video visit", "telemedicine", "video", "primary_care monitoring pharmacy",
        "Readings, medicines, lab tests",
        "Two weeks of numbers, what changed, and a plan. Have your meter and your medicines beside you.",
        20, 9500, "Co-pay or $95", ("maya", "daniel"), "visit", MEDICAL, ("physician", "nurse_practitioner"),
    ),
    Service(
        "Phone visit", "telemedicine", "audio_only", "primary_care urgent_care",
        "When video doesn’t work for you",
        "A visit by sound alone, for people without a camera or with a thin line. We say why in the chart.",
        20, 6000, "Co-pay or $60", ("maya", "daniel"), "visit", MEDICAL, ("physician",),
    ),
    Service(
        "Stop smoking", "telehealth", "video", "smoking",
        "Eight calls with a coach, at your pace",
        "A coach helps you choose a day, get past the first week, and stay with it. Nobody diagnoses you.",
        30, 0, "Free, paid by a grant", ("priya",), "", ("subjective", "plan"), ("coach",),
    ),
    Service(
        "Wellness coaching", "telehealth", "video", "coaching",
        "Sleep, movement, stress, weight",
        "Half an hour with a coach about one thing that you want to change. It isn’t medical care.",
        30, 4000, "$40 for 30 minutes", ("priya",), "", ("subjective", "plan"), ("coach",),
    ),
    Service(
        "Talk to a coach now", "telehealth", "video", "coaching smoking",
        "A craving, a bad night, a question: no booked time",
        "You wait in line and talk to a coach as soon as one is free. It isn’t medical care.",
        15, 1500, "$15", ("priya",), "", ("subjective", "plan"), ("coach",), True,
    ),
    Service(
        "Eating well with diabetes", "telehealth", "video", "nutrition education",
        "What to cook on a weekday, one on one",
        "You bring what you like to eat, the coach brings ideas that keep your numbers calmer.",
        30, 3000, "$30 for 30 minutes", ("priya",), "", ("subjective", "plan"), ("coach",),
    ),
    Service(
        "Safe at home", "telecare", "monitoring", "alarm home_safety",
        "Button, fall sensor, answered in seconds",
        "A button you wear and a sensor that notices a fall. People answer day and night and know whom to call.",
        30, 3200, "$32 a month",
    ),
    Service(
        "Pills on time", "telecare", "monitoring", "home_safety",
        "A dispenser that reminds, and a call if a dose is missed",
        "The box opens when it is time. If a dose stays in it, somebody calls you, then your family.",
        30, 1800, "$18 a month",
    ),
    Service(
        "Finding the way home", "telecare", "monitoring", "home_safety alarm",
        "For people with memory loss, outdoors too",
        "A small tracker and a circle around home. Leaving it at night tells the person who is on call.",
        30, 2900, "$29 a month",
    ),
)  # fmt: skip

IN_SPANISH: dict[str, dict[str, str]] = {
    "Same-day video visit": {
        "name": "Videoconsulta para hoy", "summary": "Fiebre, tos, infecciones, dolor de espalda, recetas",
        "description": "Habla por video con un médico de familia, que pregunta, mira, decide con usted qué "
        "hacer y puede cambiar sus medicinas.",
        "price_note": "Copago o $75",
    },
    "Urgent care video visit": {
        "name": "Atención urgente por video", "summary": "Vea a un médico ahora, sin cita",
        "description": "Espera en la fila, esté donde esté, y le atiende un médico que puede tratarle ahí en "
        "cuanto haya uno libre.",
        "price_note": "Copago o $85",
    },
    "Diabetes video visit": {
        "name": "Videoconsulta de diabetes", "summary": "Lecturas, medicinas, análisis",
        "description": "Los números de dos semanas, lo que ha cambiado y un plan. Tenga a mano su medidor y "
        "sus medicinas.",
        "price_note": "Copago o $95",
    },
    "Phone visit": {
        "name": "Consulta por teléfono", "summary": "Cuando el video no le sirve",
        "description": "Una consulta solo con sonido, para quien no tiene cámara o tiene una conexión débil. "
        "Anotamos por qué en su historia clínica.",
        "price_note": "Copago o $60",
    },
    "Stop smoking": {
        "name": "Dejar de fumar", "summary": "Ocho llamadas con un coach, a su ritmo",
        "description": "Un coach le ayuda a elegir el día, a superar la primera semana y a seguir sin fumar. "
        "Nadie le diagnostica nada.",
        "price_note": "Gratis, lo paga una subvención",
    },
    "Wellness coaching": {
        "name": "Coaching de bienestar", "summary": "Sueño, movimiento, estrés, peso",
        "description": "Media hora con un coach sobre una cosa que usted quiere cambiar. No es atención médica.",
        "price_note": "$40 por 30 minutos",
    },
    "Talk to a coach now": {
        "name": "Hable ahora con un coach",
        "summary": "Ganas de fumar, una mala noche, una pregunta: sin cita",
        "description": "Espera en la fila y habla con un coach en cuanto haya uno libre. No es atención médica.",
        "price_note": "$15",
    },
    "Eating well with diabetes": {
        "name": "Comer bien con diabetes", "summary": "Qué cocinar entre semana, con un coach para usted",
        "description": "Usted dice qué le gusta comer y el coach trae ideas para que sus números suban y bajen menos.",
        "price_note": "$30 por 30 minutos",
    },
    "Safe at home": {
        "name": "En casa con seguridad", "summary": "Botón, sensor de caídas, respuesta en segundos",
        "description": "Un botón que lleva puesto y un sensor que nota una caída. Hay quien responde de día "
        "y de noche y sabe a quién llamar.",
        "price_note": "$32 al mes",
    },
    "Pills on time": {
        "name": "Pastillas a su hora", "summary": "Un dispensador que avisa, y una llamada si falta una dosis",
        "description": "La caja se abre cuando es la hora. Si queda una dosis dentro, alguien le llama a "
        "usted y después a su familia.",
        "price_note": "$18 al mes",
    },
    "Finding the way home": {
        "name": "El camino a casa", "summary": "Para personas con pérdida de memoria, también al aire libre",
        "description": "Un pequeño localizador y un círculo alrededor de la casa. Si sale de noche, se avisa "
        "a la persona de guardia.",
        "price_note": "$29 al mes",
    },
}  # fmt: skip
"""What the clinic says of its services in Spanish, by their name."""


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """A patient of the demo and what stands in the chart."""

    key: str
    given: str
    family: str
    born: date
    gender: str
    pronouns: str
    email: str
    phone: str
    address: tuple[str, str, str, str]
    timezone: str
    record_number: str
    problems: tuple[tuple[str, date], ...] = ()
    allergies: tuple[tuple[str, str, str], ...] = ()
    medications: tuple[tuple[str, str, date], ...] = ()
    doctor: str = "maya"
    allergies_confirmed: int = 30  # days ago
    vitals: tuple[tuple[int, tuple[tuple[str, str, str], ...]], ...] = ()  # days ago; sign, UCUM unit, value


PATIENTS: tuple[PatientFacts, ...] = (
    PatientFacts(
        "liz", "Liz", "Moreno", date(1969, 4, 18), "female", "she/her", "liz@moreno.example", "845-555-0142",
        ("41 Wall Street, Apt 2", "Kingston", "NY", "12401"), "America/New_York", "LC-20418",
        problems=(("E11.65", date(2019, 5, 2)), ("I10", date(2016, 3, 14)), ("E78.5", date(2018, 9, 20))),
        allergies=(("Sulfonamide antibiotics", "Hives, swelling of the lips (2011)", "high"),),
        medications=(
            ("Metformin 1,000 mg", "1 tablet twice a day with meals", date(2019, 5, 2)),
            ("Lisinopril 20 mg", "1 tablet in the morning", date(2016, 3, 14)),
            ("Atorvastatin 40 mg", "1 tablet in the evening", date(2018, 9, 20)),
        ),
        allergies_confirmed=430,
        vitals=(
            (91, (("systolic", "mm[Hg]", "136"), ("diastolic", "mm[Hg]", "84"), ("weight", "[lb_av]", "185.6"))),
            (
                3,
                (
                    ("systolic", "mm[Hg]", "131"), ("diastolic", "mm[Hg]", "79"), ("heart_rate", "/min", "74"),
                    ("weight", "[lb_av]", "187.2"), ("glucose", "mg/dL", "172"),
                ),
            ),
        ),
    ),
    PatientFacts(
        "rosa", "Rosa", "Delgado", date(1955, 8, 2), "female", "she/her", "rosa@delgado.example", "845-555-0177",
        ("9 Abeel Street", "Kingston", "NY", "12401"), "America/New_York", "LC-20377",
        problems=(("I48.0", date(2022, 1, 11)),),
        allergies=(("Penicillin", "Rash as a child", "low"),),
        medications=(("Apixaban 5 mg", "1 tablet twice a day", date(2022, 1, 20)),),
        vitals=((1, (("systolic", "mm[Hg]", "128"), ("diastolic", "mm[Hg]", "76"), ("heart_rate", "/min", "68"))),),
    ),
    PatientFacts(
        "theo", "Theo", "Marsh", date(1981, 11, 30), "male", "he/him", "theo@marsh.example", "503-555-0126",
        ("2210 SE Ankeny Street", "Portland", "OR", "97214"), "America/Los_Angeles", "LC-20455",
        problems=(("J45.30", date(2009, 4, 1)),),
        medications=(("Budesonide and formoterol inhaler", "2 puffs twice a day", date(2021, 6, 8)),),
        doctor="daniel",
        vitals=((6, (("heart_rate", "/min", "66"),)),),
    ),
    PatientFacts(
        "joe", "Joe", "Novak", date(1957, 6, 12), "male", "he/him", "joe@novak.example", "845-555-0191",
        ("27 Pearl Street", "Kingston", "NY", "12401"), "America/New_York", "LC-20461",
        problems=(("M16.11", date(2023, 10, 4)),),
        medications=(("Acetaminophen 500 mg", "2 tablets when it hurts, 6 a day at most", date(2024, 2, 12)),),
        vitals=((5, (("systolic", "mm[Hg]", "134"), ("diastolic", "mm[Hg]", "82"))),),
    ),
)  # fmt: skip

CONSENTS: dict[tuple[str, str], tuple[str, str]] = {
    ("telehealth", "en"): (
        "Care by video",
        "You and your clinician see and hear each other over the internet. It is encrypted and nobody records it.\n\n"
        "Some things can’t be done by video. Your clinician will say so and tell you where to go.\n\n"
        "You can stop at any moment, ask for a visit in person, or take this back later. Your care with us "
        "doesn’t change if you do.\n\n"
        "If you are in danger, call 911. We ask before each visit where you are, so that help can find you.",
    ),
    ("telehealth", "es"): (
        "Atención por video",
        "Usted y su profesional de la salud se ven y se oyen por internet. La llamada va cifrada y nadie la graba.\n\n"
        "Algunas cosas no se pueden hacer por video. Su profesional se lo dirá y le indicará adónde ir.\n\n"
        "Usted puede parar en cualquier momento, pedir una consulta en persona o retirar esto más adelante. La atención "
        "que le damos no cambia si lo hace.\n\n"
        "Si está en peligro, llame al 911. Antes de cada consulta preguntamos dónde está usted, para que la ayuda pueda "
        "encontrarle.",
    ),
    ("telecare", "en"): (
        "Safety at home",
        "Sensors and a button in your home tell us when something may be wrong. People look at it day and night "
        "and call you, then the people you named, then 911.\n\nYou can take this back at any time.",
    ),
    ("visit", "en"): (
        "This visit",
        "I am who I say, I am where I say, and I want this visit by video. I can stop it at any moment.",
    ),
    ("visit", "es"): (
        "Esta consulta",
        "Soy quien digo ser, estoy donde digo estar y quiero esta consulta por video. Puedo pararla en cualquier momento.",
    ),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A place that helps with visits, as ``visits.services.add_site`` takes it."""

    name: str
    kind: SiteKind
    address_line: str
    city: str
    state: str
    postal_code: str
    phone: str
    kit: tuple[Kit, ...]


PLACES: tuple[Place, ...] = (
    Place(
        "Kingston School, health room", SiteKind.SCHOOL, "77 Ulster Road, side entrance", "Kingston", "NY", "12401",
        "845-555-0170", (Kit.EXAM_CAMERA, Kit.STETHOSCOPE, Kit.OTOSCOPE, Kit.OXIMETER, Kit.THERMOMETER, Kit.SCALE),
    ),
    Place(
        "Rondout House, second floor", SiteKind.NURSING_HOME, "12 Creek Lane, main entrance", "Port Ewen", "NY", "12466",
        "845-555-0180", (Kit.EXAM_CAMERA, Kit.STETHOSCOPE, Kit.BLOOD_PRESSURE, Kit.OXIMETER, Kit.THERMOMETER, Kit.GLUCOSE),
    ),
)  # fmt: skip
