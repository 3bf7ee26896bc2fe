-- A ledger of schema version 5, made by the program that wrote that version (commit 034bdee).
PRAGMA application_id = 1349479285;
PRAGMA user_version = 5;
BEGIN TRANSACTION;
CREATE TABLE answers (
        attempt_id INTEGER PRIMARY KEY REFERENCES attempts (id),
        summary TEXT,
        recording_url TEXT
    , fields TEXT, opted_out TEXT, to_read BIGINT NOT NULL DEFAULT 0, kept_sequel TEXT);
INSERT INTO "answers" VALUES(1,'Asked never to be called.',NULL,NULL,NULL,0,NULL);
INSERT INTO "answers" VALUES(3,'A machine.',NULL,NULL,NULL,0,NULL);
INSERT INTO "answers" VALUES(4,'Spoke with Person 2; "confirmed".','https://r.example/2',NULL,NULL,0,NULL);
INSERT INTO "answers" VALUES(7,NULL,NULL,NULL,NULL,0,NULL);
INSERT INTO "answers" VALUES(10,'Rang out.',NULL,NULL,NULL,0,NULL);
INSERT INTO "answers" VALUES(11,NULL,NULL,NULL,NULL,0,NULL);
INSERT INTO "answers" VALUES(12,NULL,NULL,NULL,NULL,0,NULL);
INSERT INTO "answers" VALUES(14,'Fine.',NULL,'{"day": "2026-12-01"}','take me off your list',1,'{"state": "done", "due_at": null, "why": null, "kind": null}');
INSERT INTO "answers" VALUES(18,'Busy.',NULL,NULL,NULL,0,NULL);
INSERT INTO "answers" VALUES(21,'All is well.','https://r.example/90',NULL,NULL,0,NULL);
CREATE TABLE "attempt_events" (
        id INTEGER PRIMARY KEY,
        contact_id BIGINT NOT NULL REFERENCES contacts (id),
        attempt_id BIGINT REFERENCES attempts (id),
        run_id BIGINT REFERENCES runs (id),
        at BIGINT NOT NULL,
        what TEXT NOT NULL CHECK (
            what IN (
                'began', 'held', 'placed_again', 'withdrawn', 'turned_away', 'rejected', 'unfit',
                'started', 'ended', 'doubted', 'read', 'skipped', 'put_back', 'resolved',
                'forgotten'
            )
        ),
        detail TEXT,
        person TEXT,
        to_number TEXT,
        prompt_sha256 TEXT
    );
INSERT INTO "attempt_events" VALUES(1,1,1,1,1795338060000000,'began',NULL,NULL,'+14155550002','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa');
INSERT INTO "attempt_events" VALUES(2,1,1,1,1795338120000000,'ended','do_not_call',NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(3,2,2,1,1795338180000000,'began',NULL,NULL,'+14155550090','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb');
INSERT INTO "attempt_events" VALUES(4,2,2,1,1795338240000000,'doubted','sent; the connection broke before an answer',NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(5,2,2,NULL,1795338360000000,'resolved','done, do_not_call: They wrote to us.','ann',NULL,NULL);
INSERT INTO "attempt_events" VALUES(6,3,3,8,1795338660000000,'began',NULL,NULL,'+14155550001','cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc');
INSERT INTO "attempt_events" VALUES(7,3,3,8,1795338720000000,'ended','voicemail',NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(8,4,4,9,1795338900000000,'began',NULL,NULL,'+14155550012','k200000000000000000000000000000000000000000000000000000000000000');
INSERT INTO "attempt_events" VALUES(9,4,4,9,1795338900000000,'started',NULL,NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(10,4,4,9,1795339020000000,'ended','confirmed',NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(11,5,5,9,1795338900000000,'began',NULL,NULL,'+14155550013','k300000000000000000000000000000000000000000000000000000000000000');
INSERT INTO "attempt_events" VALUES(12,5,5,9,1795338900000000,'held','429',NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(13,5,5,9,1795338960000000,'placed_again',NULL,NULL,'+14155550013','k300000000000000000000000000000000000000000000000000000000000000');
INSERT INTO "attempt_events" VALUES(14,5,5,9,1795338960000000,'turned_away','429: slow down',NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(15,6,6,9,1795338900000000,'began',NULL,NULL,'+14155550014','k400000000000000000000000000000000000000000000000000000000000000');
INSERT INTO "attempt_events" VALUES(16,6,6,9,1795338960000000,'rejected','400: bad number',NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(17,7,NULL,9,1795338900000000,'unfit','the prompt does not render',NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(18,8,7,9,1795338900000000,'began',NULL,NULL,'+14155550016','k600000000000000000000000000000000000000000000000000000000000000');
INSERT INTO "attempt_events" VALUES(19,8,7,9,1795338960000000,'ended','invalid_number',NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(20,9,8,9,1795338900000000,'began',NULL,NULL,'+14155550017','k700000000000000000000000000000000000000000000000000000000000000');
INSERT INTO "attempt_events" VALUES(21,9,8,9,1795338960000000,'doubted','sent; the connection broke before an answer',NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(22,10,9,9,1795338900000000,'began',NULL,NULL,'+14155550018','k800000000000000000000000000000000000000000000000000000000000000');
INSERT INTO "attempt_events" VALUES(23,10,9,9,1795338900000000,'started',NULL,NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(24,10,9,9,1795338960000000,'doubted','no end for an hour',NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(25,11,10,9,1795338900000000,'began',NULL,NULL,'+14155550019','k900000000000000000000000000000000000000000000000000000000000000');
INSERT INTO "attempt_events" VALUES(26,11,10,9,1795338900000000,'started',NULL,NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(27,11,10,9,1795338960000000,'doubted','no end',NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(28,11,10,NULL,1795339020000000,'resolved','failed: nobody there','ann',NULL,NULL);
INSERT INTO "attempt_events" VALUES(29,11,10,9,1795339080000000,'ended','no_answer',NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(30,12,11,9,1795338900000000,'began',NULL,NULL,'+14155550020','k100000000000000000000000000000000000000000000000000000000000000');
INSERT INTO "attempt_events" VALUES(31,12,11,9,1795338960000000,'ended','busy',NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(32,12,11,NULL,1795339020000000,'put_back','was done, busy','ann',NULL,NULL);
INSERT INTO "attempt_events" VALUES(33,13,12,9,1795338900000000,'began',NULL,NULL,'+14155550021','k110000000000000000000000000000000000000000000000000000000000000');
INSERT INTO "attempt_events" VALUES(34,13,12,9,1795339080000000,'ended','do_not_call',NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(35,13,12,NULL,1795339140000000,'put_back','was done, do_not_call','ann',NULL,NULL);
INSERT INTO "attempt_events" VALUES(36,14,13,9,1795338900000000,'began',NULL,NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(37,14,13,9,1795339080000000,'ended',NULL,NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(38,15,14,9,1795338900000000,'began',NULL,NULL,'+14155550023','k130000000000000000000000000000000000000000000000000000000000000');
INSERT INTO "attempt_events" VALUES(39,15,14,9,1795338960000000,'turned_away','the run was stopped',NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(40,14,NULL,NULL,1795340400000000,'forgotten',NULL,'ann',NULL,NULL);
INSERT INTO "attempt_events" VALUES(41,16,15,10,1795341060000000,'began',NULL,NULL,'+14155550024','k140000000000000000000000000000000000000000000000000000000000000');
INSERT INTO "attempt_events" VALUES(42,16,15,10,1795341060000000,'started',NULL,NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(43,17,16,10,1795341060000000,'began',NULL,NULL,'+14155550025','k150000000000000000000000000000000000000000000000000000000000000');
INSERT INTO "attempt_events" VALUES(44,17,16,10,1795341120000000,'held','429',NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(45,18,17,10,1795341060000000,'began',NULL,NULL,'+14155550026','k160000000000000000000000000000000000000000000000000000000000000');
INSERT INTO "attempt_events" VALUES(46,17,16,11,1795428000000000,'turned_away','429',NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(47,18,17,11,1795428000000000,'doubted','the program stopped after 2026-11-22T09:51:00Z, before an answer came; the request may have left',NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(48,12,18,11,1795428000000000,'began',NULL,NULL,'+14155550020','eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee');
INSERT INTO "attempt_events" VALUES(49,12,18,11,1795428000000000,'started',NULL,NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(50,12,18,11,1795428060000000,'ended','busy',NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(51,15,14,11,1795428000000000,'placed_again',NULL,NULL,'+14155550023','eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee');
INSERT INTO "attempt_events" VALUES(52,15,14,11,1795428120000000,'ended','completed',NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(53,17,16,11,1795428000000000,'placed_again',NULL,NULL,'+14155550025','eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee');
INSERT INTO "attempt_events" VALUES(54,17,16,11,1795428000000000,'turned_away','429: slow down',NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(55,19,NULL,11,1795428000000000,'skipped','no consent: '''' in column ''ok''',NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(56,21,19,11,1795428000000000,'began',NULL,NULL,'+14155550029','eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee');
INSERT INTO "attempt_events" VALUES(57,21,19,11,1795428000000000,'started',NULL,NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(58,5,5,11,1795428000000000,'placed_again',NULL,NULL,'+14155550013','eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee');
INSERT INTO "attempt_events" VALUES(59,5,5,12,1795597200000000,'doubted','the program stopped after 2026-11-23T10:00:00Z, before an answer came; the request may have left',NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(60,27,20,12,1795597200000000,'began',NULL,NULL,'+14155550190','ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff');
INSERT INTO "attempt_events" VALUES(61,30,21,12,1795597200000000,'began',NULL,NULL,'+14155550191','ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff');
INSERT INTO "attempt_events" VALUES(62,30,21,12,1795597200000000,'started',NULL,NULL,NULL,NULL);
INSERT INTO "attempt_events" VALUES(63,30,21,12,1795597320000000,'ended','completed',NULL,NULL,NULL);
CREATE TABLE attempts (
        id INTEGER PRIMARY KEY,
        contact_id BIGINT NOT NULL REFERENCES contacts (id),
        number BIGINT NOT NULL CHECK (number >= 1),
        run_id BIGINT NOT NULL REFERENCES runs (id),
        state TEXT NOT NULL CHECK (
            state IN ('dialing', 'in_call', 'ended', 'turned_away', 'rejected', 'unknown')
        ),
        to_number TEXT NOT NULL,
        cells_digest TEXT NOT NULL,
        prompt_sha256 TEXT NOT NULL,
        placements BIGINT NOT NULL CHECK (placements >= 0),
        interaction_id TEXT,
        began_at BIGINT NOT NULL,
        placed_at BIGINT NOT NULL,
        ended_at BIGINT,
        outcome TEXT,
        evidence TEXT,
        error TEXT, from_number TEXT,
        UNIQUE (contact_id, number),
        CHECK ((state = 'ended') = (ended_at IS NOT NULL)),
        CHECK ((state = 'ended') = (outcome IS NOT NULL)),
        CHECK (state <> 'in_call' OR interaction_id IS NOT NULL)
    );
INSERT INTO "attempts" VALUES(1,1,1,1,'ended','+14155550002','9bf0fd8289a631d9f9c603e9f2c4937b','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',1,NULL,1795338060000000,1795338060000000,1795338120000000,'do_not_call','never',NULL,NULL);
INSERT INTO "attempts" VALUES(2,2,1,1,'unknown','+14155550090','a13fdbae6d1d4a7b093797253fb568e0','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',1,NULL,1795338180000000,1795338180000000,NULL,NULL,NULL,'sent; the connection broke before an answer',NULL);
INSERT INTO "attempts" VALUES(3,3,1,8,'ended','+14155550001','9d1b0c07592ab40bb43fe88e0ccaf986','cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc',1,NULL,1795338660000000,1795338660000000,1795338720000000,'voicemail',NULL,NULL,NULL);
INSERT INTO "attempts" VALUES(4,4,1,9,'ended','+14155550012','7147759cef6a577048832d5da53bfed3','k200000000000000000000000000000000000000000000000000000000000000',1,'c-2',1795338900000000,1795338900000000,1795339020000000,'confirmed','confirmed',NULL,NULL);
INSERT INTO "attempts" VALUES(5,5,1,11,'unknown','+14155550013','ff2068fed186564cdc2e4881f2993ba3','eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee',3,NULL,1795338900000000,1795428000000000,NULL,NULL,NULL,'the program stopped after 2026-11-23T10:00:00Z, before an answer came; the request may have left',NULL);
INSERT INTO "attempts" VALUES(6,6,1,9,'rejected','+14155550014','23521e69150dd2fbf678bd033cedf4f5','k400000000000000000000000000000000000000000000000000000000000000',1,NULL,1795338900000000,1795338900000000,NULL,NULL,NULL,'400: bad number',NULL);
INSERT INTO "attempts" VALUES(7,8,1,9,'ended','+14155550016','b4d25d6d7ef7db4b1c9f5123619432cc','k600000000000000000000000000000000000000000000000000000000000000',1,NULL,1795338900000000,1795338900000000,1795338960000000,'invalid_number','not-in-service',NULL,NULL);
INSERT INTO "attempts" VALUES(8,9,1,9,'unknown','+14155550017','45299af2b4b9b3488c9fdbc0ef703068','k700000000000000000000000000000000000000000000000000000000000000',1,NULL,1795338900000000,1795338900000000,NULL,NULL,NULL,'sent; the connection broke before an answer',NULL);
INSERT INTO "attempts" VALUES(9,10,1,9,'unknown','+14155550018','ad1999344f15717a6f28829c6532fdb1','k800000000000000000000000000000000000000000000000000000000000000',1,'c-8',1795338900000000,1795338900000000,NULL,NULL,NULL,'no end for an hour',NULL);
INSERT INTO "attempts" VALUES(10,11,1,9,'ended','+14155550019','5e376b9f7c55059a74c4eed6858dbfff','k900000000000000000000000000000000000000000000000000000000000000',1,'c-9',1795338900000000,1795338900000000,1795339080000000,'no_answer',NULL,'no end',NULL);
INSERT INTO "attempts" VALUES(11,12,1,9,'ended','+14155550020','7ce62ef0b6fd750791a5721f35a552e4','k100000000000000000000000000000000000000000000000000000000000000',1,NULL,1795338900000000,1795338900000000,1795338960000000,'busy',NULL,NULL,NULL);
INSERT INTO "attempts" VALUES(12,13,1,9,'ended','+14155550021','9981d06eddb8be284748f9272f514440','k110000000000000000000000000000000000000000000000000000000000000',1,NULL,1795338900000000,1795338900000000,1795339080000000,'do_not_call','stop calling me',NULL,NULL);
INSERT INTO "attempts" VALUES(13,14,1,9,'ended','','','',1,NULL,1795338900000000,1795338900000000,1795339080000000,'do_not_call',NULL,NULL,NULL);
INSERT INTO "attempts" VALUES(14,15,1,11,'ended','+14155550023','e4486b2e441ef8eefab473e65db83488','eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee',1,NULL,1795338900000000,1795428000000000,1795428120000000,'completed',NULL,NULL,NULL);
INSERT INTO "attempts" VALUES(15,16,1,10,'in_call','+14155550024','0c68ded595d2172cf3e7bd592c5a8169','k140000000000000000000000000000000000000000000000000000000000000',1,'c-14',1795341060000000,1795341060000000,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "attempts" VALUES(16,17,1,11,'turned_away','+14155550025','974d7863061c3d8ae63693dab64ce493','eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee',2,NULL,1795341060000000,1795428000000000,NULL,NULL,NULL,'429: slow down',NULL);
INSERT INTO "attempts" VALUES(17,18,1,10,'unknown','+14155550026','6a6dd4da9dee4506b191535e921d2e0c','k160000000000000000000000000000000000000000000000000000000000000',1,NULL,1795341060000000,1795341060000000,NULL,NULL,NULL,'the program stopped after 2026-11-22T09:51:00Z, before an answer came; the request may have left',NULL);
INSERT INTO "attempts" VALUES(18,12,2,11,'ended','+14155550020','7ce62ef0b6fd750791a5721f35a552e4','eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee',1,'c-30',1795428000000000,1795428000000000,1795428060000000,'busy',NULL,NULL,NULL);
INSERT INTO "attempts" VALUES(19,21,1,11,'in_call','+14155550029','a4a7113db78b2911de0ee2dd9c39113c','eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee',1,'c-31',1795428000000000,1795428000000000,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "attempts" VALUES(20,27,1,12,'dialing','+14155550190','e4b33be26fde7da1c5b0ab787df4c2a2','ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',1,NULL,1795597200000000,1795597200000000,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "attempts" VALUES(21,30,1,12,'ended','+14155550191','639295fcd449f21e18e3fc259d5e2b56','ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',1,'c-90',1795597200000000,1795597200000000,1795597320000000,'completed',NULL,NULL,NULL);
CREATE TABLE campaigns (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        wave TEXT NOT NULL,
        columns TEXT,
        enrolled_at BIGINT, enrolled_from TEXT, paused_at BIGINT, paused_by TEXT,
        UNIQUE (name, wave),
        CHECK ((columns IS NULL) = (enrolled_at IS NULL))
    );
INSERT INTO "campaigns" VALUES(1,'agency','2','["name","phone"]',1795597200000000,'sha256 of a sheet',1795262400000000,'ada');
INSERT INTO "campaigns" VALUES(2,'clinic','','["name","phone"]',1795597200000000,NULL,NULL,NULL);
CREATE TABLE contacts (
        id INTEGER PRIMARY KEY,
        campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
        key TEXT,
        position BIGINT,
        sheet_row BIGINT NOT NULL,
        to_number TEXT,
        country TEXT NOT NULL DEFAULT '',
        cells TEXT NOT NULL,
        state TEXT NOT NULL CHECK (
            state IN ('pending', 'dialing', 'done', 'failed', 'skipped', 'unknown')
        ),
        reason TEXT,
        reason_kind TEXT,
        outcome TEXT,
        due_at BIGINT NOT NULL DEFAULT 0,
        attempts BIGINT NOT NULL DEFAULT 0 CHECK (attempts >= 0),
        reserved_by BIGINT REFERENCES runs (id), priority BIGINT NOT NULL DEFAULT 0, base_due_at BIGINT NOT NULL DEFAULT 0, base_kind TEXT, base_why TEXT, wait_kind TEXT, wait_why TEXT,
        UNIQUE (campaign_id, key),
        CHECK (key IS NOT NULL OR (state = 'skipped' AND attempts = 0)),
        CHECK (state <> 'pending' OR to_number IS NOT NULL),
        CHECK (state NOT IN ('skipped', 'failed') OR reason IS NOT NULL),
        CHECK ((reason IS NULL) = (reason_kind IS NULL)),
        CHECK (reserved_by IS NULL OR state = 'pending')
    );
INSERT INTO "contacts" VALUES(1,1,'a1',0,2,'+14155550002','US','["Person 2","+14155550002"]','done',NULL,NULL,'do_not_call',0,1,NULL,0,0,NULL,NULL,NULL,NULL);
INSERT INTO "contacts" VALUES(2,1,'a2',1,3,'+14155550090','US','["Person 3","+14155550090"]','done',NULL,NULL,'do_not_call',0,1,NULL,0,0,NULL,NULL,NULL,NULL);
INSERT INTO "contacts" VALUES(3,2,'gone',NULL,2,'+14155550001','US','["Person 2","+14155550001"]','done',NULL,NULL,'voicemail',0,1,NULL,0,0,NULL,NULL,NULL,NULL);
INSERT INTO "contacts" VALUES(4,2,'k2',0,2,'+14155550012','US','["Person 2","+14155550012"]','done',NULL,NULL,'confirmed',0,1,NULL,0,0,NULL,NULL,NULL,NULL);
INSERT INTO "contacts" VALUES(5,2,'k3',1,3,'+14155550013','US','["Person 3","+14155550013"]','unknown','the program stopped after 2026-11-23T10:00:00Z, before an answer came; the request may have left','unknown',NULL,1795347000000000,1,NULL,0,1795347000000000,'turned_away','429: slow down','turned_away','429: slow down');
INSERT INTO "contacts" VALUES(6,2,'k4',2,4,'+14155550014','US','["Person 4","+14155550014"]','failed','400: bad number','400: bad number',NULL,0,1,NULL,0,0,NULL,NULL,NULL,NULL);
INSERT INTO "contacts" VALUES(7,2,'k5',3,5,'+14155550015','US','["Person 5","+14155550015"]','pending',NULL,NULL,NULL,0,0,12,0,0,NULL,NULL,NULL,NULL);
INSERT INTO "contacts" VALUES(8,2,'k6',4,6,'+14155550016','US','["Person 6","+14155550016"]','failed','not-in-service','invalid_number','invalid_number',0,1,NULL,0,0,NULL,NULL,NULL,NULL);
INSERT INTO "contacts" VALUES(9,2,'k7',5,7,'+14155550017','US','["Person 7","+14155550017"]','unknown','sent; the connection broke before an answer','unknown',NULL,0,1,NULL,0,0,NULL,NULL,NULL,NULL);
INSERT INTO "contacts" VALUES(10,2,'k8',6,8,'+14155550018','US','["Person 8","+14155550018"]','unknown','no end for an hour','unknown',NULL,0,1,NULL,0,0,NULL,NULL,NULL,NULL);
INSERT INTO "contacts" VALUES(11,2,'k9',7,9,'+14155550019','US','["Person 9","+14155550019"]','failed','decided by a person (ann): nobody there','decided by a person','no_answer',0,1,NULL,0,0,NULL,NULL,NULL,NULL);
INSERT INTO "contacts" VALUES(12,2,'k10',8,10,'+14155550020','US','["Person 10","+14155550020"]','pending',NULL,NULL,'busy',1795442400000000,2,12,0,1795442400000000,'redial','called again after busy','redial','called again after busy');
INSERT INTO "contacts" VALUES(13,2,'k11',9,11,'+14155550021','US','["Person 11","+14155550021"]','skipped','on the do-not-call list: heard in a call','on the do-not-call list',NULL,0,1,NULL,0,0,NULL,NULL,NULL,NULL);
INSERT INTO "contacts" VALUES(14,2,'forgotten-33de08dca499c012',10,12,NULL,'','["",""]','done',NULL,NULL,'do_not_call',0,1,NULL,0,0,NULL,NULL,NULL,NULL);
INSERT INTO "contacts" VALUES(15,2,'k13',11,13,'+14155550023','US','["Person 13","+14155550023"]','done',NULL,NULL,'completed',1795338960000000,1,NULL,0,1795338960000000,'turned_away','the run was stopped','turned_away','the run was stopped');
INSERT INTO "contacts" VALUES(16,2,'k14',12,14,'+14155550024','US','["Person 14","+14155550024"]','dialing',NULL,NULL,NULL,0,1,NULL,0,0,NULL,NULL,NULL,NULL);
INSERT INTO "contacts" VALUES(17,2,'k15',13,15,'+14155550025','US','["Person 15","+14155550025"]','pending',NULL,NULL,NULL,1795428300000000,1,12,0,1795428300000000,'turned_away','429: slow down','turned_away','429: slow down');
INSERT INTO "contacts" VALUES(18,2,'k16',14,16,'+14155550026','US','["Person 16","+14155550026"]','unknown','the program stopped after 2026-11-22T09:51:00Z, before an answer came; the request may have left','unknown',NULL,0,1,NULL,0,0,NULL,NULL,NULL,NULL);
INSERT INTO "contacts" VALUES(19,2,'k17',15,17,'+14155550027','US','["Person 17","+14155550027"]','pending',NULL,NULL,NULL,0,0,12,0,0,NULL,NULL,NULL,NULL);
INSERT INTO "contacts" VALUES(20,2,'k18',16,18,'+14155550028','US','["Person 18","+14155550028"]','pending',NULL,NULL,NULL,0,0,12,0,0,NULL,NULL,NULL,NULL);
INSERT INTO "contacts" VALUES(21,2,'k19',17,19,'+14155550029','US','["Person 19","+14155550029"]','dialing',NULL,NULL,NULL,0,1,NULL,0,0,NULL,NULL,NULL,NULL);
INSERT INTO "contacts" VALUES(22,2,'k20',18,20,'+14155550030','US','["Person 20","+14155550030"]','pending',NULL,NULL,NULL,0,0,12,0,0,NULL,NULL,NULL,NULL);
INSERT INTO "contacts" VALUES(23,2,'k21',19,21,'+14155550012','US','["Person 21","+14155550012"]','skipped','same number as row 2','same number as another row',NULL,0,0,NULL,0,0,NULL,NULL,NULL,NULL);
INSERT INTO "contacts" VALUES(25,2,'k23',21,23,'+14155550002','US','["Person 23","+14155550002"]','skipped','on the do-not-call list: heard in a call','on the do-not-call list',NULL,0,0,NULL,0,0,NULL,NULL,NULL,NULL);
INSERT INTO "contacts" VALUES(26,2,'',20,22,NULL,'','["Person 22","x"]','skipped','no number','no number',NULL,0,0,NULL,0,0,NULL,NULL,NULL,NULL);
INSERT INTO "contacts" VALUES(27,2,'n1',22,24,'+14155550190','US','["New 1","+14155550190"]','dialing',NULL,NULL,NULL,0,1,NULL,0,0,NULL,NULL,NULL,NULL);
INSERT INTO "contacts" VALUES(28,2,'n2',23,25,'+14155550190','US','["New 2","+14155550190"]','skipped','same number as row 24','same number as another row',NULL,0,0,NULL,0,0,NULL,NULL,NULL,NULL);
INSERT INTO "contacts" VALUES(29,2,'n3',24,26,'+14155550190','US','["New 3","+14155550190"]','skipped','same number as row 24','same number as another row',NULL,0,0,NULL,0,0,NULL,NULL,NULL,NULL);
INSERT INTO "contacts" VALUES(30,2,'n4',25,27,'+14155550191','US','["New 4","+14155550191"]','done',NULL,NULL,'completed',0,1,NULL,0,0,NULL,NULL,NULL,NULL);
INSERT INTO "contacts" VALUES(31,2,'n5',26,28,'+14155550192','US','["New 5","+14155550192"]','pending',NULL,NULL,NULL,0,0,12,0,0,NULL,NULL,NULL,NULL);
CREATE TABLE do_not_call (
        number TEXT PRIMARY KEY,
        source TEXT NOT NULL,
        reason TEXT,
        added_by TEXT,
        added_at BIGINT NOT NULL,
        removed_by TEXT,
        removed_at BIGINT
    );
INSERT INTO "do_not_call" VALUES('+14155550002','heard in a call','never',NULL,1795338120000000,NULL,NULL);
INSERT INTO "do_not_call" VALUES('+14155550090','heard in a call','They wrote to us.','ann',1795338360000000,NULL,NULL);
INSERT INTO "do_not_call" VALUES('+14155550021','heard in a call','stop calling me',NULL,1795339080000000,NULL,NULL);
INSERT INTO "do_not_call" VALUES('+14155550023','heard in a call','take me off your list',NULL,1795428120000000,NULL,NULL);
INSERT INTO "do_not_call" VALUES('+14155550077','by hand','asked','ann',1795428000000000,NULL,NULL);
CREATE TABLE forgotten (number_hmac TEXT PRIMARY KEY, forgotten_at BIGINT NOT NULL);
INSERT INTO "forgotten" VALUES('157a214f0486d75542df9c6255af6ac9ecb50a0e825502d36617489e28ce299e',1795340400000000);
CREATE TABLE outbox (
        id INTEGER PRIMARY KEY,
        campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
        event TEXT NOT NULL CHECK (event IN ('result', 'finish')),
        contact_id BIGINT REFERENCES contacts (id),
        attempt_id BIGINT REFERENCES attempts (id),
        body TEXT,
        at BIGINT NOT NULL,
        due_at BIGINT NOT NULL,
        tries BIGINT NOT NULL DEFAULT 0,
        last_error TEXT
    );
INSERT INTO "outbox" VALUES(298442298033372575,2,'finish',NULL,NULL,'{"event": "finish"}',1795597200000000,1795597200000000,0,NULL);
INSERT INTO "outbox" VALUES(1529746365338038449,2,'result',12,18,'{"state":"pending"}',1795428060000000,1795428060000000,0,NULL);
INSERT INTO "outbox" VALUES(1615644076334020166,2,'result',30,21,'{"state":"done"}',1795597320000000,1795597320000000,0,NULL);
INSERT INTO "outbox" VALUES(4380242546081987395,2,'result',19,NULL,'{"state":"skipped"}',1795428000000000,1795428000000000,0,NULL);
INSERT INTO "outbox" VALUES(4452158499332934446,2,'result',5,5,'{"state":"unknown"}',1795597200000000,1795597200000000,0,NULL);
INSERT INTO "outbox" VALUES(8615027644708054808,2,'result',18,17,'{"state":"unknown"}',1795428000000000,1795428000000000,0,NULL);
CREATE TABLE prompts (sha256 TEXT PRIMARY KEY, prompt TEXT NOT NULL);
INSERT INTO "prompts" VALUES('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','Hello b.');
INSERT INTO "prompts" VALUES('k200000000000000000000000000000000000000000000000000000000000000','Hello Person 2.');
INSERT INTO "prompts" VALUES('eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee','Say hello.');
CREATE TABLE recordings (
        attempt_id INTEGER PRIMARY KEY REFERENCES attempts (id),
        state TEXT NOT NULL CHECK (state IN ('kept', 'missing')),
        file TEXT,
        size BIGINT,
        sha256 TEXT,
        place TEXT UNIQUE,
        why TEXT,
        tries BIGINT NOT NULL DEFAULT 0 CHECK (tries >= 0),
        at BIGINT NOT NULL,
        CHECK ((state = 'kept') = (file IS NOT NULL)),
        CHECK (file IS NULL OR file = place),
        CHECK ((file IS NULL) = (size IS NULL) AND (file IS NULL) = (sha256 IS NULL)),
        CHECK (state <> 'missing' OR why IS NOT NULL)
    );
INSERT INTO "recordings" VALUES(4,'kept','/r/2.wav',7,'0000000000000000000000000000000000000000000000000000000000000000','/r/2.wav',NULL,1,1795262400000000);
INSERT INTO "recordings" VALUES(21,'missing',NULL,NULL,NULL,'/r/90.wav','404: gone',3,1795262400000000);
CREATE TABLE "runs" (
        id INTEGER PRIMARY KEY,
        campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
        host TEXT NOT NULL,
        pid BIGINT NOT NULL,
        started_at BIGINT NOT NULL,
        ended_at BIGINT,
        ending TEXT CHECK (
            ending IN (
                'finished', 'limit', 'declined', 'due_later', 'budget', 'circuit_breaker',
                'canary', 'stopped', 'abandoned', 'refused'
            )
        ), stop_asked_at BIGINT, stop_asked_by TEXT, seen_at BIGINT, doing TEXT,
        CHECK ((ended_at IS NULL) = (ending IS NULL))
    );
INSERT INTO "runs" VALUES(1,1,'vm',16904,1795338000000000,1795338300000000,'refused',NULL,NULL,NULL,NULL);
INSERT INTO "runs" VALUES(2,1,'vm',16904,1795338420000000,1795338480000000,'finished',NULL,NULL,NULL,NULL);
INSERT INTO "runs" VALUES(3,1,'vm',16904,1795338420000000,1795338480000000,'limit',NULL,NULL,NULL,NULL);
INSERT INTO "runs" VALUES(4,1,'vm',16904,1795338420000000,1795338480000000,'declined',NULL,NULL,NULL,NULL);
INSERT INTO "runs" VALUES(5,1,'vm',16904,1795338420000000,1795338480000000,'due_later',NULL,NULL,NULL,NULL);
INSERT INTO "runs" VALUES(6,1,'vm',16904,1795338420000000,1795338480000000,'stopped',NULL,NULL,NULL,NULL);
INSERT INTO "runs" VALUES(7,1,'vm',16904,1795338420000000,1795338480000000,'abandoned',NULL,NULL,NULL,NULL);
INSERT INTO "runs" VALUES(8,2,'vm',16904,1795338600000000,1795338780000000,'finished',NULL,NULL,NULL,NULL);
INSERT INTO "runs" VALUES(9,2,'vm',16904,1795338840000000,1795339800000000,'stopped',NULL,NULL,NULL,NULL);
INSERT INTO "runs" VALUES(10,2,'vm',16904,1795341000000000,1795428000000000,'abandoned',NULL,NULL,NULL,NULL);
INSERT INTO "runs" VALUES(11,2,'vm',31303,1795428000000000,1795597200000000,'abandoned',NULL,NULL,NULL,NULL);
INSERT INTO "runs" VALUES(12,2,'vm',12848,1795597200000000,NULL,NULL,1795597206000000,'ada',1795597205000000,'{"now": 1795262405000000, "concurrency": 10, "slots": 10, "in_call": 2, "note": "", "until": null}');
CREATE TABLE salts (id INTEGER PRIMARY KEY CHECK (id = 1), salt TEXT NOT NULL);
INSERT INTO "salts" VALUES(1,'7593acd11ef66bdf9300e2a526ac9dbfec6b7ef2b32fb621f55341086b18700f');
CREATE TABLE sharing (
        campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
        position BIGINT NOT NULL,
        first_position BIGINT NOT NULL,
        PRIMARY KEY (campaign_id, first_position, position)
    );
INSERT INTO "sharing" VALUES(2,0,0);
INSERT INTO "sharing" VALUES(2,19,0);
INSERT INTO "sharing" VALUES(2,22,22);
INSERT INTO "sharing" VALUES(2,23,22);
INSERT INTO "sharing" VALUES(2,24,22);
CREATE TABLE verdicts (
        attempt_id INTEGER PRIMARY KEY REFERENCES attempts (id),
        state TEXT NOT NULL CHECK (state IN ('done', 'failed')),
        outcome TEXT,
        summary TEXT,
        decided_by TEXT NOT NULL,
        decided_at BIGINT NOT NULL
    );
INSERT INTO "verdicts" VALUES(2,'done','do_not_call','They wrote to us.','ann',1795338360000000);
INSERT INTO "verdicts" VALUES(10,'failed',NULL,'nobody there','ann',1795339020000000);
CREATE INDEX contacts_sheet ON contacts (campaign_id, position) WHERE position IS NOT NULL;
CREATE INDEX contacts_keyless ON contacts (campaign_id) WHERE key IS NULL;
CREATE INDEX contacts_dialing ON contacts (campaign_id) WHERE state = 'dialing';
CREATE INDEX contacts_reserved ON contacts (campaign_id) WHERE reserved_by IS NOT NULL;
CREATE INDEX attempts_unfinished ON attempts (contact_id)
    WHERE state IN ('dialing', 'in_call', 'unknown')
    ;
CREATE INDEX attempts_do_not_call ON attempts (to_number) WHERE outcome = 'do_not_call';
CREATE INDEX contacts_due ON contacts (campaign_id, priority, due_at, position)
    WHERE state = 'pending' AND position IS NOT NULL AND reserved_by IS NULL
    ;
CREATE INDEX attempts_to ON attempts (to_number, placed_at);
CREATE INDEX attempts_from ON attempts (from_number, placed_at) WHERE from_number IS NOT NULL
    ;
CREATE INDEX answers_to_read ON answers (attempt_id) WHERE to_read = 1;
CREATE INDEX do_not_call_order ON do_not_call (added_at, number);
CREATE INDEX outbox_due ON outbox (campaign_id, event, due_at);
CREATE INDEX runs_open ON runs (campaign_id) WHERE ended_at IS NULL;
CREATE INDEX attempt_events_contact ON attempt_events (contact_id);
CREATE INDEX sharing_rows ON sharing (campaign_id, position);
CREATE INDEX contacts_standing ON contacts (
        campaign_id, state, outcome, reason_kind, position
    ) WHERE position IS NOT NULL
    ;
CREATE INDEX contacts_gone ON contacts (campaign_id) WHERE position IS NULL;
CREATE INDEX runs_latest ON runs (campaign_id, id);
COMMIT;
