"""Short sentences as notes have them and case reports do not: "Toma ...", "Denies ...", "Si esegue ...", "Tos.", "Eats well.".

Frames and abbreviations are ours; what else stands in the frames are mentions of the training documents. Corpora of case reports
seldom begin a sentence with a verb in the present tense, so that a model takes it for a part of the mention behind it; and have few
sentences without anything to find.
"""

import corpus
import replace

LONGEST = 60  # characters of a mention
COUNT = 2500  # texts a language
BARE = 0.06  # share of the sentences that are a mention and no more
ABBREVIATED = 0.15  # share of the mentions that are an abbreviation, where there are any
SYMBOLS = (" 🙂", " 👍", " ✓", " ↑", " →", "🙂")
SYMBOL = 0.03  # share of the sentences that end in a symbol, which is no part of a mention
ENDS = (". ", ". ", ".\n", "\n", "; ")
NOTHING = "NOTHING"  # in the place of a type, for sentences without mentions
ABBREVIATIONS = {
    "es": {
        "DISEASE": ("HTA", "DM2", "DM", "EPOC", "FA", "ACV", "IAM", "ITU", "IRC", "TVP", "TEP", "VIH"),
        "PROCEDURE": ("ECG", "TC", "TAC", "RM", "RMN", "EEG", "CABG", "PCR"),
        "MEDICATION": ("AAS", "EFV", "AINE"),
    },
    "en": {
        "DISEASE": ("HTN", "DM2", "DM", "CAD", "CHF", "COPD", "AFib", "CKD", "GERD", "UTI", "DVT", "PE", "MI", "HIV"),
        "PROCEDURE": ("CXR", "EKG", "ECG", "CT", "MRI", "CABG", "PCI", "EGD", "EEG"),
        "MEDICATION": ("ASA", "NSAIDs", "HCTZ", "MTX"),
        "SYMPTOM": ("SOB", "CP", "N/V", "DOE", "HA"),
    },
    "it": {
        "DISEASE": ("IPA", "DM2", "BPCO", "FA", "IMA", "IVU", "IRC", "TVP", "EP", "HIV"),
        "PROCEDURE": ("ECG", "TC", "TAC", "RM", "RMN", "EEG", "EGDS"),
        "MEDICATION": ("ASA", "FANS"),
    },
}
# Of sections. Those that name an examination ("Exploración física") are left out: the corpora take them for procedures.
HEADINGS = {
    "es": (
        "MC", "EA", "AP", "AF", "IQ", "JC", "Motivo de consulta", "Motivo de ingreso", "Enfermedad actual", "Alergias", "Alergias medicamentosas",
        "Antecedentes", "Antecedentes personales", "Antecedentes familiares", "Medicación actual", "Tratamiento habitual", "Tratamiento", "Evolución",
        "Juicio clínico", "Impresión diagnóstica", "Impresión diagnóstica y plan", "Diagnóstico principal", "Diagnósticos secundarios", "Plan",
        "Recomendaciones", "Recomendaciones al alta", "Procedimientos", "Informe de alta", "Lista de problemas", "Constantes", "Hábitos", "Noche",
    ),
    "en": (
        "CC", "HPI", "PMH", "PSH", "FH", "SH", "A/P", "VS", "Chief complaint", "Reason for visit", "Reason for admission", "Interval history",
        "History of present illness", "Past medical history", "Family history", "Social history", "Allergies", "Allergies/ADRs", "Medications",
        "Current medications", "Home meds", "Assessment", "Assessment and plan", "Impression", "Plan", "Problem list", "Principal diagnosis",
        "Secondary diagnoses", "Recommendations", "Disposition", "Discharge instructions", "Hospital course", "Procedures", "Overnight",
    ),
    "it": (
        "APP", "APR", "PV", "Motivo di accesso", "Motivo della visita", "Motivo del ricovero", "Anamnesi", "Anamnesi patologica prossima",
        "Anamnesi patologica remota", "Anamnesi familiare", "Storia clinica", "Comorbidità", "Allergie", "Allergie e intolleranze", "Farmaci",
        "Terapia domiciliare", "Terapia in atto", "Diagnosi principale", "Diagnosi secondarie", "Impressione diagnostica", "Conclusioni", "Piano",
        "Valutazione e piano", "Indicazioni", "Indicazioni alla dimissione", "Lettera di dimissione", "Decorso", "Procedure", "Dimissione", "Notte",
    ),
}  # fmt: skip
HEADED = 0.4  # share of the texts that begin with the heading of a section
STYLES = ("# {}\n", "## {}\n", "{}:\n", "{}: ", "{}\n", "== {} ==\n", "**{}**\n", "[{}]\n", "- {}: ")
FRAMES = {
    "es": {
        "MEDICATION": (
            "Toma {}", "Toma {} y {}", "Toma {} 20 mg al día", "Tomaba {} desde hace años", "No toma {}", "Inicia {}",
            "Inicia {} 5 mg cada 12 horas", "Recibe {} por vía oral", "Recibió {} intravenoso", "Se inicia {}", "Se pauta {} cada 8 horas",
            "Se suspende {} y se añade {}", "Suspender {}", "Suspendemos {}", "Continúa con {} y {}", "Continuar {}", "Mantener {}",
            "Añadir {} si precisa", "Añadimos {}", "Usa {} a demanda", "Utiliza {}", "Precisa {}", "Requiere {}", "Dejó {} hace un mes",
            "Rechaza {}", "Tolera bien {}", "Administramos {}", "Prescribimos {}",
            "Tratamiento: {}, {} y {}", "Tratamiento habitual: {} 10 mg, {}", "En tratamiento con {}", "Tratada con {}", "Paciente que toma {}",
            "{} 10 mg por la noche", "{} 1 comprimido cada 24 horas", "Ha tomado {} sin mejoría", "Responde a {}", "Aumentar {} a 100 mg",
            "Tto: {}", "Tto habitual: {}, {}", "Plan: {}", "RAM: {}",
        ),
        "DISEASE": (
            "Diagnosticado de {}", "Diagnosticada de {} y {}", "Padece {}", "Padece {} desde hace años", "AP: {}, {}", "Antecedentes de {}",
            "Antecedentes personales: {}, {} y {}", "Sufre {}", "Sufrió {} hace dos años", "Impresión diagnóstica: {}", "Descartar {}",
            "Descartamos {}", "Presenta {}", "Sospecha de {}", "Tiene {}", "No tiene {}", "Madre con {}", "Padre fallecido por {}", "Desarrolla {}",
            "Ingresa por {}", "Juicio clínico: {}", "{} en seguimiento", "Confirma {}",
            "Dx: {}", "JC: {}", "AF: madre con {}", "APP: {}, {}", "Hx de {}",
        ),
        "PROCEDURE": (
            "Se realiza {}", "Se realizan {} y {}", "Realizamos {}", "Realizada {}", "Solicitamos {}", "Solicito {}", "Se solicita {} y {}",
            "Pendiente de {}", "{} normal", "{} sin hallazgos", "{}: normal", "Se practica {}", "Requiere {}", "Requirió {}", "Rechaza {}",
            "Repetir {}", "Repetimos {} en un mes", "Programada {}", "Programamos {}", "Precisa {}", "Se somete a {}", "Citar para {}", "Valorar {}",
            "Plan: {}", "IQ: {}", "{} pendiente",
        ),
        "SYMPTOM": (
            "Niega {}", "Niega {} y {}", "Niega {} ni {}", "Refiere {}", "Refiere {} y {}", "Refiere {} desde hace dos días", "Presenta {} desde ayer",
            "Presenta {}", "Acude por {}", "Consulta por {}", "No {}", "Sin {} ni {}", "Sin {}", "Motivo de consulta: {}", "Aqueja {}", "Cuenta {}",
            "Persiste {}", "Mejora {}", "Comienza con {}", "Tiene {}", "No refiere {}", "Hoy {}",
            "EA: {}", "EA: refiere {}", "EA: acude por {} y {}", "MC: {}", "Enfermedad actual: {}", "Paciente que presenta {}",
        ),
        NOTHING: (
            "Come bien", "Duerme poco", "Duerme bien", "Vive solo", "Vive con su hija", "Trabaja de camarero", "Jubilada",
            "Camina a diario", "Sale a pasear", "Sin incidencias", "Todo bien", "Acude acompañada de su marido", "Volver en un mes",
            "Cita en dos semanas", "Próxima visita en mayo", "Paciente de 54 años", "Mujer de 71 años",
            "Se explica al paciente y a la familia", "EA:", "Rx:", "Hoy igual que ayer", "Gracias por remitirlo", "Llama por teléfono",
            "Casado, dos hijos",
        ),
    },
    "en": {
        "MEDICATION": (
            "Takes {}", "Takes {} and {}", "Takes {} 20 mg daily", "Taking {}", "Took {} this morning", "Does not take {}", "Start {}",
            "Started {}", "Started on {} 5 mg twice daily", "Starting {}", "Stop {}", "Stopped {} last month", "Continue {}", "Continues {} and {}",
            "Continued on {}", "Given {}", "Given IV {}", "Gave {}", "Received {}", "Receives {} every 3 weeks", "Resume {}", "Hold {}", "Held {}",
            "Add {} as needed", "Uses {} as needed", "Needs {}", "Requires {}", "Prescribed {}", "Refuses {}", "Tolerates {} well",
            "Medications: {}, {} and {}", "Home meds: {} 10 mg, {}", "On {}", "Currently on {} and {}", "{} 10 mg at bedtime",
            "{} 1 tablet daily", "Patient takes {}", "Increase {} to 100 mg", "Switched from {} to {}", "Responds to {}",
            "Rx: {}", "Rx {} 10 mg PO daily", "Meds: {}, {}", "Plan: {}", "Pt on {}", "NKDA. Takes {}",
        ),
        "DISEASE": (
            "Diagnosed with {}", "Has {}", "Has {} and {}", "Had {} in 2015", "PMH: {}, {}", "Past medical history: {}, {} and {}", "History of {}",
            "Suffers from {}", "Developed {}", "Assessment: {}", "Rule out {}", "Suspect {}", "Known {}", "Mother with {}", "Father died of {}",
            "Admitted for {}", "Admitted with {}", "Presents with {}", "Impression: {}", "Does not have {}", "{} under follow-up", "Confirms {}",
            "h/o {}", "h/o {}, {}", "Pt with h/o {}", "Dx: {}", "A/P: {}", "FH: {}", "r/o {}",
        ),
        "PROCEDURE": (
            "Underwent {}", "Undergoes {}", "Performed {}", "Order {}", "Ordered {} and {}", "Scheduled for {}", "Schedule {}", "Awaiting {}",
            "{} normal", "{} unremarkable", "{}: normal", "Requires {}", "Required {}", "Refuses {}", "Repeat {}", "Repeat {} in one month",
            "Status post {}", "S/p {}", "Needs {}", "Consider {}", "Plan: {}", "Had {}", "Obtain {}", "Check {}",
            "s/p {}", "Will get {}", "{} pending", "Pt underwent {}",
        ),
        "SYMPTOM": (
            "Denies {}", "Denies {} and {}", "Denies {} or {}", "Reports {}", "Reports {} and {}", "Reports {} for two days", "Complains of {}",
            "C/o {}", "Presents with {}", "Has {}", "No {}", "No {} or {}", "Without {}", "Chief complaint: {}", "Endorses {}", "Notes {}",
            "Developed {}", "Came in for {}", "Experiences {}", "Felt {}", "Ongoing {}", "Today {}",
            "Pt c/o {}", "Pt c/o {} x 3 days", "CC: {}", "HPI: {}", "ROS: {}, {}", "Pt reports {}", "+{}",
        ),
        NOTHING: (
            "Eats well", "Sleeps well", "Doing well", "Feels well", "Lives alone", "Lives with her daughter", "Works as a teacher",
            "Retired", "Walks every day", "No issues overnight", "All good", "Here with his wife", "Return in one month",
            "Follow up in two weeks", "54-year-old man", "71 yo F", "Discussed with the patient and family", "HPI:", "Rx:", "PMH:",
            "Same as yesterday", "Thank you for this referral", "Called today", "Discharged home", "Married, two children", "Plays tennis",
        ),
    },
    "it": {
        "MEDICATION": (
            "Assume {}", "Assume {} e {}", "Assume {} 20 mg al giorno", "Assumeva {} da anni", "Non assume {}", "Prende {}", "Inizia {}",
            "Inizia {} 5 mg ogni 12 ore", "Riceve {} per via orale", "Ha ricevuto {} endovena", "Si inizia {}", "Si prescrive {} ogni 8 ore",
            "Si sospende {} e si aggiunge {}", "Sospendere {}", "Sospende {}", "Continua {} e {}", "Continuare {}", "Prosegue {}", "Mantenere {}",
            "Aggiungere {} al bisogno", "Usa {} al bisogno", "Utilizza {}", "Necessita di {}", "Richiede {}", "Rifiuta {}", "Tollera bene {}",
            "Somministrato {}", "Somministriamo {}", "Prescritto {}", "Terapia: {}, {} e {}",
            "Terapia domiciliare: {} 10 mg, {}", "In terapia con {}", "Trattata con {}", "Paziente che assume {}", "{} 10 mg alla sera",
            "{} 1 compressa al giorno", "Risponde a {}", "Aumentare {} a 100 mg",
            "Tp: {}", "TD: {}, {}", "Farmaci: {}",
        ),
        "DISEASE": (
            "Diagnosi di {}", "Diagnosticato {}", "Affetto da {}", "Affetta da {} e {}", "Soffre di {}", "Ha {}", "APR: {}, {}",
            "Anamnesi: {}, {} e {}", "Anamnesi positiva per {}", "Pregresso {}", "Escludere {}", "Presenta {}", "Sospetto di {}", "Sospetta {}",
            "Madre con {}", "Padre deceduto per {}", "Sviluppa {}", "Ricoverato per {}", "Ricoverata per {}", "Conclusioni: {}", "{} in follow-up",
            "Non ha {}", "Conferma {}",
            "Dx: {}", "AF: madre con {}", "Diagnosi: {}", "In APR {}",
        ),
        "PROCEDURE": (
            "Si esegue {}", "Si eseguono {} e {}", "Eseguita {}", "Esegue {}", "Eseguiamo {}", "Si richiede {}", "Richiesta {}", "Richiede {} e {}",
            "In attesa di {}", "{} nella norma", "{} negativa", "{}: nella norma", "Necessita di {}", "Rifiuta {}", "Ripetere {}",
            "Ripetere {} tra un mese", "Programmata {}", "Si programma {}", "Sottoposto a {}", "Sottoposta a {}", "Valutare {}", "Effettuata {}",
            "Programma: {}", "{} in attesa", "Int: {}",
        ),
        "SYMPTOM": (
            "Nega {}", "Nega {} e {}", "Nega {} o {}", "Riferisce {}", "Riferisce {} e {}", "Riferisce {} da due giorni", "Presenta {} da ieri",
            "Presenta {}", "Lamenta {}", "Accusa {}", "Giunge per {}", "Non {}", "Non riferisce {}", "Senza {} o {}", "Assenza di {}",
            "Motivo della visita: {}", "Persiste {}", "Migliora {}", "Ha {}", "Oggi {}",
            "EO: {}", "Paziente con {}", "Paziente che lamenta {}", "Motivo del ricovero: {}",
        ),
        NOTHING: (
            "Mangia bene", "Dorme poco", "Dorme bene", "Vive da solo", "Vive con la figlia", "Lavora come cameriere", "Pensionata",
            "Cammina ogni giorno", "Tutto bene", "Accompagnata dal marito", "Torna tra un mese", "Controllo tra due settimane",
            "Uomo di 54 anni", "Donna di 71 anni", "Si informano il paziente e i familiari", "EO:", "Rx:", "Come ieri",
            "Si ringrazia per l'invio", "Telefona oggi", "Dimesso a domicilio", "Sposato, due figli",
        ),
    },
}  # fmt: skip


def mentions(documents):
    """The distinct short mentions of each type that overlap no other, in a fixed order."""
    found = replace.mentions(documents, lambda document: replace.apart(document.entities))
    return {label: [text for text in texts if len(text) <= LONGEST and "\n" not in text] for label, texts in found.items()}


def sentence(frame, label, lists, abbreviations, random):
    """The text of `frame` with mentions of the type `label`, and where they stand."""
    pieces = frame.split("{}")
    text, entities = pieces[0], []
    for piece in pieces[1:]:
        mention = replace.cased(random.choice(lists[label]), upper=not text)
        if label in abbreviations and random.random() < ABBREVIATED:
            mention = random.choice(abbreviations[label])
        entities.append((len(text), len(text) + len(mention), label))
        text += mention + piece
    return text, entities


def heading(language, random):
    """The heading of a section, in some style, one in three in capitals."""
    name = random.choice(HEADINGS[language])
    return random.choice(STYLES).format(name.upper() if random.random() < 1 / 3 else name)


def sentences(language, documents, random):
    """`COUNT` texts of one to four such sentences, with mentions of `documents` in that language, some below a heading."""
    lists = mentions(documents)
    made = []
    for i in range(COUNT):
        text, entities = heading(language, random) if random.random() < HEADED else "", []
        for _ in range(random.randint(1, 4)):
            label = random.choice((*corpus.HEADS, NOTHING))
            bare = label != NOTHING and random.random() < BARE
            frame = "{}" if bare else random.choice(FRAMES[language][label])
            one, found = sentence(frame, label, lists, ABBREVIATIONS[language], random)
            entities += [(len(text) + start, len(text) + end, label) for start, end, label in found]
            text += one + (random.choice(SYMBOLS) if random.random() < SYMBOL else "") + random.choice(ENDS)
        text = text.rstrip() if random.random() < 0.2 else text
        made.append(corpus.Document(f"sentences-{language}-{i}", text, frozenset(entities), frozenset(corpus.HEADS)))
    return made
