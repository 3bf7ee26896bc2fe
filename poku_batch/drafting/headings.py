"""What people call the columns of their sheets, in English and six other European languages."""

from poku_batch.drafting.words import Headings

MOBILE = Headings(
    "mobile, mobile phone, mobile number, cell, cell phone, cellphone, cellular, whatsapp, "
    "handy, handynummer, mobil, mobiltelefon, mobilnummer, portable, movil, celular, "
    "cellulare, telemovel, mobiel, gsm, mob"
)
PHONE = Headings(
    "phone, phone number, telephone, tel, telephone number, msisdn, contact number, call "
    "number, number to call, telefon, telefonnummer, rufnummer, fon, telefono, telefone, "
    "telefoon, telefoonnummer, fone, numero de contacto, reach you, reach me, call you, call me, "
    "ring you, text you, contact you, erreichbar, erreichen, joindre, contactarte, contactarle"
)
#: Fit for a number to call where there is no other.
PHONE_ALONE = Headings("to, number, contact, numero, nummer")
LESSER_PHONE = Headings(
    "work, office, business, home, landline, alternative, alternate, secondary, other, 2, "
    "geschaftlich, dienstlich, privat, festnetz, fijo, fixe, vast, fixo, travail, bureau, "
    "trabajo, casa, werk, thuis, domicile, trabalho"
)
#: Numbers of others than the person to call.
OTHERS_PHONE = Headings(
    "fax, telefax, emergency, notfall, urgence, emergencia, nood, transfer, transfer to, "
    "caller id, from, agent, our, next of kin, doctor phone, provider phone, callback, "
    "noodnummer"
)
IDENTITY = Headings(
    "id, uid, uuid, guid, nr, no, num, ref, reference, code, key, number, record, booking, "
    "order, invoice, ticket, case, account, nummer, numero, referenz, aktenzeichen, vorgang, "
    "dossier, commande, pedido, factura, reserva, codigo, processo, referentie, kenmerk, "
    "expediente, kundennummer, patientennummer, bestellnummer, auftragsnummer, "
    "rechnungsnummer, terminnummer, klantnummer, bestelnummer, ordernummer, factuurnummer, "
    "afspraaknummer, identifiant, matricule, kundennr, auftragsnr, bestellnr, klantnr, "
    "reservierung, buchung, buchungsnummer"
)
#: Codes and numbers that many people share, or that are of something else.
NO_IDENTITY = Headings(
    "zip, zip code, zipcode, postal, postcode, postal code, plz, code postal, country, area, "
    "state, tax, vat, iban, number of, promo, language, email, house, hausnummer, agent, "
    "provider, doctor"
)
#: Columns that number the rows of a list.
ROW_NUMBER = Headings(
    "no, nr, num, number, row, row number, row no, line, lfd nr, pos, nummer, zeile"
)

FIRST_NAME = Headings(
    "first name, firstname, forename, given name, vorname, prenom, voornaam, primeiro nome, "
    "primer nombre"
)
LAST_NAME = Headings(
    "last name, lastname, surname, family name, nachname, familienname, nom de famille, "
    "apellido, apellidos, achternaam, sobrenome, apelido, cognome"
)
NAME = Headings(
    "name, full name, customer, client, patient, guest, contact name, contact, person, "
    "member, kunde, kundin, kundenname, patientin, gast, nom, nom complet, nombre, nombre "
    "completo, nome, nome completo, naam, volledige naam, cliente, paciente, klant, "
    "ansprechpartner"
)
#: Names of what is no person to call.
OTHERS_NAME = Headings(
    "company, organisation, organization, firm, firma, business, provider, doctor, file, "
    "user, product, agent, clinic, branch, street, city, entreprise, societe, empresa, "
    "bedrijf, medecin, arzt, medico, arts, behandler, user name, username, domain, nombre de, "
    "number of"
)

DATE = Headings(
    "date, day, datum, tag, termin, fecha, dia, jour, data, dag, appointment, appointment at, "
    "due, check in, arrival, visit, rendez vous, rdv, cita, afspraak, consulta, datetime, "
    "starts at, start, when, scheduled, delivery, fallig, echeance, vencimiento, deadline, "
    "vervaldatum"
)
TIME = Headings(
    "time, hour, uhrzeit, zeit, heure, hora, horaire, horario, tijd, tijdstip, uur, ora"
)
#: Days that no call is about.
OTHERS_DATE = Headings(
    "birth, dob, birthday, geburt, geburtsdatum, naissance, nacimiento, nascimento, geboorte, "
    "geboortedatum, created, updated, modified, registered, imported, last, signed, joined, "
    "since, erstellt, angelegt, letzter, letzte, cree, dernier, creado, ultimo, ultima, "
    "aangemaakt, laatste"
)

PROVIDER = Headings(
    "provider, doctor, physician, dentist, therapist, stylist, practitioner, technician, "
    "advisor, consultant, arzt, arztin, behandler, berater, medecin, praticien, medico, "
    "medica, doctora, profissional, arts, behandelaar, tandarts, with"
)
PLACE = Headings(
    "location, place, address, branch, site, venue, clinic, standort, ort, adresse, filiale, "
    "praxis, lieu, cabinet, lugar, ubicacion, direccion, sucursal, local, endereco, locatie, "
    "plaats, vestiging"
)
SUBJECT = Headings(
    "service, treatment, reason, procedure, product, item, topic, subject, interest, "
    "behandlung, leistung, produkt, thema, betreff, anliegen, prestation, motif, produit, "
    "sujet, objet, servicio, tratamiento, motivo, producto, asunto, tema, dienst, "
    "behandeling, onderwerp, servico, produto, assunto, project, event"
)
AMOUNT = Headings(
    "amount, total, price, balance, quote, sum, cost, fee, betrag, summe, preis, kosten, "
    "montant, prix, solde, devis, importe, monto, precio, saldo, bedrag, prijs, valor, preco, "
    "montante, angebot, offerte, angebotssumme"
)
COMPANY = Headings(
    "company, organisation, organization, firm, firma, unternehmen, entreprise, societe, "
    "empresa, bedrijf, employer, business name, account name"
)

LANGUAGE = Headings(
    "language, lang, locale, sprache, langue, idioma, lengua, taal, lingua, preferred language"
)
COUNTRY = Headings("country, country code, land, pays, pais, nation, paese")
TIMEZONE = Headings(
    "timezone, time zone, tz, zeitzone, fuseau horaire, zona horaria, tijdzone, fuso horario"
)
CONSENT = Headings(
    "consent, consented, agreed, opt in, optin, opted in, may call, ok to call, can call, "
    "permission, einwilligung, zustimmung, eingewilligt, consentement, accord, "
    "consentimiento, autorizacion, toestemming, consentimento, autorizacao, gdpr, dsgvo, rgpd"
)
OPT_OUT = Headings(
    "do not call, dont call, don t call, dnc, opt out, optout, opted out, unsubscribed, no "
    "call, nicht anrufen, ne pas appeler, no llamar, niet bellen, nao ligar, robinson"
)
NOT_BEFORE = Headings(
    "not before, earliest, call after, call from, nicht vor, fruhestens, pas avant, no antes, "
    "niet voor, nao antes"
)
NOT_AFTER = Headings(
    "not after, latest, call until, call before, nicht nach, spatestens, pas apres, no "
    "despues, niet na, nao depois"
)

#: Headings by which a sheet's language is known; of English, common ones alone.
SPOKEN = {
    "de": Headings(
        "vorname, nachname, telefon, telefonnummer, handy, handynummer, rufnummer, kunde, "
        "datum, uhrzeit, termin, sprache, strasse, plz, kundennummer, ansprechpartner, "
        "betrag, mobilnummer, anrede, behandler, kundennr"
    ),
    "fr": Headings(
        "prenom, nom, telephone, portable, date de, heure, langue, societe, entreprise, "
        "adresse, ville, montant, rendez vous, rdv, numero, medecin, prestation"
    ),
    "es": Headings(
        "nombre, apellido, apellidos, telefono, movil, celular, fecha, hora, idioma, cita, "
        "empresa, ciudad, importe, correo, medico, servicio"
    ),
    "pt": Headings(
        "nome, sobrenome, apelido, telefone, telemovel, celular, data, hora, idioma, "
        "consulta, empresa, cidade, valor, endereco, medico, servico"
    ),
    "nl": Headings(
        "voornaam, achternaam, naam, telefoon, telefoonnummer, mobiel, datum, tijd, taal, "
        "afspraak, bedrijf, plaats, bedrag, klant, klantnummer"
    ),
    "it": Headings("cognome, cellulare, telefono, data, ora, lingua, citta, importo, indirizzo"),
    "en": Headings(
        "first name, last name, full name, name, phone, phone number, mobile phone, cell, "
        "date, time, language, company, address, city, customer, appointment, email, state, "
        "zip"
    ),
}
