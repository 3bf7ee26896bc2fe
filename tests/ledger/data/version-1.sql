-- A ledger of schema version 1, made by the program that wrote that version (commit fc10b98).
PRAGMA application_id = 1349479285;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE answers (
        attempt_id INTEGER PRIMARY KEY REFERENCES attempts (id),
        summary TEXT,
        recording_url TEXT
    );
INSERT INTO "answers" VALUES(1,'Asked never to be called.',NULL);
INSERT INTO "answers" VALUES(2,'A machine.',NULL);
INSERT INTO "answers" VALUES(3,'Spoke with Person 2; "confirmed".','https://r.example/0');
INSERT INTO "answers" VALUES(8,NULL,NULL);
INSERT INTO "answers" VALUES(9,NULL,NULL);
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
        error TEXT,
        UNIQUE (contact_id, number),
        CHECK ((state = 'ended') = (ended_at IS NOT NULL)),
        CHECK ((state = 'ended') = (outcome IS NOT NULL)),
        CHECK (state <> 'in_call' OR interaction_id IS NOT NULL)
    );
INSERT INTO "attempts" VALUES(1,1,1,1,'ended','+14155550002','9bf0fd8289a631d9f9c603e9f2c4937b','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',1,'ag-1',1795341601000000,1795341601000000,1795341609000000,'do_not_call','never',NULL);
INSERT INTO "attempts" VALUES(2,5,1,2,'ended','+14155559999','0ac29479623e8d72fbb13fcd59d1dc6a','9999999999999999999999999999999999999999999999999999999999999999',1,NULL,1795341601000000,1795341601000000,1795341605000000,'voicemail',NULL,NULL);
INSERT INTO "attempts" VALUES(3,6,1,3,'ended','+14155550002','9bf0fd8289a631d9f9c603e9f2c4937b','0000000000000000000000000000000000000000000000000000000000000000',1,'c-0',1795341610000000,1795341610000000,1795341670000000,'confirmed','confirmed',NULL);
INSERT INTO "attempts" VALUES(4,7,1,3,'turned_away','+14155550003','80ed316891eac01ca66797c9eda45667','1111111111111111111111111111111111111111111111111111111111111111',2,NULL,1795341611000000,1795341613000000,NULL,NULL,NULL,'429: slow down');
INSERT INTO "attempts" VALUES(5,8,1,3,'rejected','+14155550004','e2b22da42112ccb91f198b18c81c83ba','2222222222222222222222222222222222222222222222222222222222222222',1,NULL,1795341612000000,1795341612000000,NULL,NULL,NULL,'400: to must be E.164');
INSERT INTO "attempts" VALUES(6,9,1,3,'unknown','+14155550005','b694da268b9ce134d620658681482a27','3333333333333333333333333333333333333333333333333333333333333333',1,NULL,1795341613000000,1795341613000000,NULL,NULL,NULL,'sent; the connection broke before an answer');
INSERT INTO "attempts" VALUES(7,10,1,3,'unknown','+14155550006','fd01b60ad0ff81a04aacd8f0a4f9c366','4444444444444444444444444444444444444444444444444444444444444444',1,'c-4',1795341614000000,1795341614000000,NULL,NULL,NULL,'404: no such interaction');
INSERT INTO "attempts" VALUES(8,11,1,3,'ended','+14155550007','2c3884950ee8b081f1f530eb5ba5b16a','5555555555555555555555555555555555555555555555555555555555555555',1,NULL,1795341615000000,1795341615000000,1795341619000000,'invalid_number','invalid to number',NULL);
INSERT INTO "attempts" VALUES(9,13,1,3,'ended','+14155550009','e05a700c433b9bd451a2b33faea0e937','7777777777777777777777777777777777777777777777777777777777777777',1,NULL,1795341617000000,1795341617000000,1795341621000000,'no_answer',NULL,NULL);
INSERT INTO "attempts" VALUES(10,14,1,3,'in_call','+14155550010','25e04afd3e152d5b68aaba89ad1d6eb2','8888888888888888888888888888888888888888888888888888888888888888',1,'c-8',1795341618000000,1795341618000000,NULL,NULL,NULL,NULL);
INSERT INTO "attempts" VALUES(11,15,1,3,'turned_away','+14155550011','48901d02af4f064d0d0cd9832122e2fb','9999999999999999999999999999999999999999999999999999999999999999',1,NULL,1795341619000000,1795341619000000,NULL,NULL,NULL,'429');
INSERT INTO "attempts" VALUES(12,16,1,3,'dialing','+14155550012','03c78002233cc3c0db9691ea4e7cf16b','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',1,NULL,1795341620000000,1795341620000000,NULL,NULL,NULL,NULL);
CREATE TABLE campaigns (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        wave TEXT NOT NULL,
        columns TEXT,
        enrolled_at BIGINT,
        UNIQUE (name, wave),
        CHECK ((columns IS NULL) = (enrolled_at IS NULL))
    );
INSERT INTO "campaigns" VALUES(1,'agency','2','["name","phone"]',1795341600000000);
INSERT INTO "campaigns" VALUES(2,'clinic','','["name","phone"]',1795341600000000);
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
        reserved_by BIGINT REFERENCES runs (id),
        UNIQUE (campaign_id, key),
        CHECK (key IS NOT NULL OR (state = 'skipped' AND attempts = 0)),
        CHECK (state <> 'pending' OR to_number IS NOT NULL),
        CHECK (state NOT IN ('skipped', 'failed') OR reason IS NOT NULL),
        CHECK ((reason IS NULL) = (reason_kind IS NULL)),
        CHECK (reserved_by IS NULL OR state = 'pending')
    );
INSERT INTO "contacts" VALUES(1,1,'k2',0,2,'+14155550002','US','["Person 2","+14155550002"]','done',NULL,NULL,'do_not_call',0,1,NULL);
INSERT INTO "contacts" VALUES(2,1,NULL,1,3,NULL,'','["No number",""]','skipped','the cell is empty','the cell is empty',NULL,0,0,NULL);
INSERT INTO "contacts" VALUES(3,1,'bad',2,4,NULL,'','["Bad number","abc"]','skipped','not a number: ''abc''','not a number',NULL,0,0,NULL);
INSERT INTO "contacts" VALUES(4,1,'twin',3,5,'+14155550002','US','["Twin","+14155550002"]','skipped','same number as row 2','same number as another row',NULL,0,0,NULL);
INSERT INTO "contacts" VALUES(5,2,'gone',NULL,99,'+14155559999','US','["Gone","+14155559999"]','done',NULL,NULL,'voicemail',0,1,NULL);
INSERT INTO "contacts" VALUES(6,2,'k2',0,2,'+14155550002','US','["Person 2","+14155550002"]','done',NULL,NULL,'confirmed',0,1,NULL);
INSERT INTO "contacts" VALUES(7,2,'k3',1,3,'+14155550003','US','["Person 3","+14155550003"]','pending',NULL,NULL,NULL,1795350600000000,1,NULL);
INSERT INTO "contacts" VALUES(8,2,'k4',2,4,'+14155550004','US','["Person 4","+14155550004"]','failed','400: to must be E.164','400: to must be E.164',NULL,0,1,NULL);
INSERT INTO "contacts" VALUES(9,2,'k5',3,5,'+14155550005','US','["Person 5","+14155550005"]','unknown','sent; the connection broke before an answer','unknown',NULL,0,1,NULL);
INSERT INTO "contacts" VALUES(10,2,'k6',4,6,'+14155550006','US','["Person 6","+14155550006"]','unknown','404: no such interaction','unknown',NULL,0,1,NULL);
INSERT INTO "contacts" VALUES(11,2,'k7',5,7,'+14155550007','US','["Person 7","+14155550007"]','failed','invalid to number','invalid_number','invalid_number',0,1,NULL);
INSERT INTO "contacts" VALUES(12,2,'k8',6,8,'+14155550008','US','["Person 8","+14155550008"]','failed','the prompt does not render: ''x'' is undefined','the prompt does not render: … is undefined',NULL,0,0,NULL);
INSERT INTO "contacts" VALUES(13,2,'k9',7,9,'+14155550009','US','["Person 9","+14155550009"]','done',NULL,NULL,'no_answer',0,1,NULL);
INSERT INTO "contacts" VALUES(14,2,'k10',8,10,'+14155550010','US','["Person 10","+14155550010"]','dialing',NULL,NULL,NULL,0,1,NULL);
INSERT INTO "contacts" VALUES(15,2,'k11',9,11,'+14155550011','US','["Person 11","+14155550011"]','dialing',NULL,NULL,NULL,0,1,NULL);
INSERT INTO "contacts" VALUES(16,2,'k12',10,12,'+14155550012','US','["Person 12","+14155550012"]','dialing',NULL,NULL,NULL,0,1,NULL);
INSERT INTO "contacts" VALUES(17,2,'k13',11,13,'+14155550013','US','["Person 13","+14155550013"]','pending',NULL,NULL,NULL,0,0,3);
INSERT INTO "contacts" VALUES(18,2,'k14',12,14,'+14155550014','US','["Person 14","+14155550014"]','pending',NULL,NULL,NULL,0,0,3);
INSERT INTO "contacts" VALUES(20,2,'bad',14,16,NULL,'','["Bad number","abc"]','skipped','not a number: ''abc''','not a number',NULL,0,0,NULL);
INSERT INTO "contacts" VALUES(21,2,'twin',15,17,'+14155550002','US','["Twin","+14155550002"]','skipped','same number as row 2','same number as another row',NULL,0,0,NULL);
INSERT INTO "contacts" VALUES(22,2,NULL,13,15,NULL,'','["No number",""]','skipped','the cell is empty','the cell is empty',NULL,0,0,NULL);
CREATE TABLE runs (
        id INTEGER PRIMARY KEY,
        campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
        host TEXT NOT NULL,
        pid BIGINT NOT NULL,
        started_at BIGINT NOT NULL,
        ended_at BIGINT,
        ending TEXT CHECK (
            ending IN (
                'finished', 'limit', 'declined', 'due_later', 'stopped', 'abandoned', 'refused'
            )
        ),
        CHECK ((ended_at IS NULL) = (ending IS NULL))
    );
INSERT INTO "runs" VALUES(1,1,'vm',28818,1795341600000000,1795341610000000,'finished');
INSERT INTO "runs" VALUES(2,2,'vm',28818,1795341600000000,1795341606000000,'limit');
INSERT INTO "runs" VALUES(3,2,'vm',28818,1795341607000000,NULL,NULL);
CREATE INDEX runs_open ON runs (campaign_id) WHERE ended_at IS NULL;
CREATE INDEX contacts_due ON contacts (campaign_id, due_at, position)
    WHERE state = 'pending' AND position IS NOT NULL AND reserved_by IS NULL
    ;
CREATE INDEX contacts_sheet ON contacts (campaign_id, position) WHERE position IS NOT NULL;
CREATE INDEX contacts_keyless ON contacts (campaign_id) WHERE key IS NULL;
CREATE INDEX contacts_dialing ON contacts (campaign_id) WHERE state = 'dialing';
CREATE INDEX contacts_reserved ON contacts (campaign_id) WHERE reserved_by IS NOT NULL;
CREATE INDEX attempts_unfinished ON attempts (contact_id)
    WHERE state IN ('dialing', 'in_call', 'unknown')
    ;
COMMIT;
