#!/usr/bin/env -S python3 -B
# /// script
# dependencies = ["numpy"]
# ///
"""Fits the weights of judging to scenarios with a known truth.

    fit_weights.py SOURCE… [--held-out FOLDER…] [--features target/debug/examples/features] [--go-on] [--spread S] [--write]

A source is a folder of scenarios (`truth.json`, and `logs`, `logs.tar.gz` or the part of a scan `logs.esa`), or several that one author made, with commas between;
all sources weigh alike, however many scenarios each has: esaudit-gen's own (`esaudit-gen scenarios`) and independent
scenario folders, made by somebody who did not see the code. The features of every campaign are exported, labelled by the
truth, and a multinomial logistic regression is fitted whose prior is the column `prior` of the table: a Gaussian around
judgement, so that what the scenarios do not show stays as it was. Prints what the fit tells wrong, of the folders held out
too. With --go-on the prior is what the table holds, so that a fit to further scenarios forgets nothing of those before; with
--write the columns value, n and source of the table are written anew.
"""
import argparse
import json
import math
import re
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

GRACE = timedelta(minutes=10)
# How much one story of features may say: as in src/judge/score.rs.
CAP = 12.0
# How far a weight may stray from judgement: a standard deviation.
SPREAD = 1.5
FAMILIES = {
    "Passwords": ["password_guessing", "password_spraying", "credential_stuffing", "low_and_slow", "stale_credential",
                  "realm_outage", "wrong_realm", "clock_skew"],
    "Bare": ["missing_credentials", "unauthenticated_scan", "api_key_expired_in_use"],
    "Keys": ["api_key_invalidated_in_use", "api_key_rotation_outage", "api_key_expired_in_use", "api_key_unknown",
             "api_key_bad_secret", "api_key_wrong_type", "api_key_guessing", "clock_skew", "realm_outage"],
    "Unjudged": ["realm_outage", "wrong_realm"],
}
HOSTILE = {"password_guessing", "password_spraying", "credential_stuffing", "low_and_slow", "api_key_guessing",
           "unauthenticated_scan"}
# Of one node: right for other outages too, and no example of them.
NODES = {"wrong_realm", "clock_skew"}
# What somebody who is in can be told as.
ENTERED = {"account_compromise", "suspicious_access", "persistence", "mass_invalidation"}
# A compromise is told from the campaign that led to it.
GUESSES = {"account_compromise": {"password_guessing", "low_and_slow", "password_spraying", "credential_stuffing"}}


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def read_table(path):
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#") and not line.startswith("subject\t"):
            subject, feature, value, prior, n, source = line.split("\t")
            rows.append({"subject": subject, "feature": feature, "value": float(value), "prior": float(prior), "n": int(n), "source": source})
    return rows


def read_stories(path):
    """Features by name with the story that each is a part of, from the list in the source."""
    return dict(re.findall(r'^    \w+ = "(\w+)", (\w+);$', path.read_text(encoding="utf-8"), re.MULTILINE))


def export(features, folder):
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    logs = next(path for path in (folder / "logs", folder / "logs.tar.gz", folder / "logs.esa") if path.exists())
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
        call = [features]
        if truth["config"]:
            config.write(truth["config"])
            config.flush()
            call += ["--config", config.name]
        done = subprocess.run([*call, str(logs)], capture_output=True, timeout=300, check=True)
    return {"truth": truth, **json.loads(done.stdout)}


def scenarios(features, folders, jobs):
    found = [d for folder in folders for d in sorted(Path(folder).iterdir()) if (d / "truth.json").exists()]
    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(lambda folder: export(features, folder), found))


def touches(campaign, incident):
    if campaign["start"] is None:
        return False
    if not (moment(campaign["start"]) <= moment(incident["end"]) + GRACE and moment(incident["start"]) - GRACE <= moment(campaign["end"])):
        return False
    common = False
    for mine, theirs in (("principals", "principals"), ("sources", "sources"), ("api_keys", "keys")):
        told, true = set(campaign[mine]), set(incident[theirs])
        if told and true:
            if not told & true:
                if mine == "api_keys":
                    continue
                return False
            common = True
    return common


def label(campaign, truth, all_campaigns):
    """The kinds that are right for a campaign; "ordinary" among them where nothing need be said. None: not clear."""
    near = [i for i in truth["incidents"] if touches(campaign, i)]
    if not near:
        return {"ordinary"}
    # What fell off an incident of which another campaign holds far more says nothing by itself.
    most = max(c["failures"] for c in all_campaigns if any(touches(c, i) for i in near))
    kinds, need = set(), False
    for incident in near:
        accept = set(incident["accept"]) | {incident["kind"]}
        if incident["kind"] == "low_and_slow":
            accept = {"low_and_slow"}
        if incident["kind"] not in NODES:
            accept -= NODES
        for kind in set(accept):
            accept |= GUESSES.get(kind, set())
        side = incident["verdict"]
        accept = {k for k in accept if (k in HOSTILE) == (side == "hostile")}
        kinds |= accept
        need |= incident["required"]
    if not need or campaign["failures"] < 3 or campaign["failures"] * 5 < most:
        kinds.add("ordinary")
    # Where nothing shows that one node differs, nothing can be learnt of what tells such a node.
    if kinds & NODES and not any(campaign["features"].get(f) for f in ("by_node", "one_node", "lacks_realm")):
        return None
    kinds &= set(FAMILIES[campaign["family"]]) | {"ordinary"}
    return kinds or None


def labelled(scenario):
    """Campaigns with their kinds and weights: one cause counts once, however many campaigns it became."""
    told = [(c, label(c, scenario["truth"], scenario["campaigns"])) for c in scenario["campaigns"]]
    told = [(c, right) for c, right in told if right]
    alike = Counter(frozenset(right) for _, right in told)
    for campaign, right in told:
        yield campaign, right, min(1.0, (6.0 if right == {"ordinary"} else 3.0) / alike[frozenset(right)])


def entries(scenario):
    """Successes that campaigns may have led to, whether they were break-ins, and their weights."""
    told = []
    for campaign in scenario["campaigns"]:
        for entry in campaign["entries"]:
            at = moment(entry["time"])
            own = [i for i in scenario["truth"]["incidents"] if entry["principal"] in i["principals"] and entry["source"] in i["sources"]
                   and moment(i["start"]) - GRACE <= at <= moment(i["end"]) + GRACE and i["verdict"] == "hostile"]
            breaches = [i for i in own if "account_compromise" in i["accept"] + [i["kind"]]]
            if any(i["required"] for i in breaches) or not own:
                told.append((entry, bool(breaches)))
    alike = Counter(holds for _, holds in told)
    return [(entry, holds, min(1.0, (6.0 if holds else 3.0) / alike[holds])) for entry, holds in told]


def accesses(scenario):
    """Powerful actions from new places, whether an intruder did them, and their weights."""
    told = []
    for access in scenario["accesses"]:
        at = moment(access["time"])
        own = [i for i in scenario["truth"]["incidents"] if access["source"] in i["sources"]
               and (access["principal"] in i["principals"] or access["api_key"] in i["keys"])
               and moment(i["start"]) - GRACE <= at <= moment(i["end"]) + GRACE and {*i["accept"], i["kind"]} & ENTERED]
        intruders = [i for i in own if i["verdict"] == "hostile"]
        if any(i["required"] for i in intruders) or not intruders:
            told.append(({**access, "campaign": 0.0}, bool(intruders)))
    alike = Counter(holds for _, holds in told)
    return [(access, holds, min(1.0, (6.0 if holds else 3.0) / alike[holds])) for access, holds in told]


def fit_odds(table, subject, data, rounds, spread):
    """What an entry or an access says: the odds of the campaign that it is put down to are given, by the table that exported them."""
    at = table.subjects.index(subject)
    known, prior, w = table.known[at], table.prior[at], table.w[at]
    x = np.array([[1.0 if f == "bias" else e["features"].get(f, 0.0) for f in table.features] for e, _, _ in data])
    base = np.array([e["campaign"] for e, _, _ in data])
    right = np.array([float(holds) for _, holds, _ in data])
    weight = np.array([weight for _, _, weight in data])
    for step in range(rounds):
        chance = 1 / (1 + np.exp(-(base + x @ w)))
        # Newton's method: few weights, and convex.
        grad = x.T @ (weight * (chance - right)) + (w - prior) / spread**2
        curve = (x.T * (weight * chance * (1 - chance))) @ x + np.eye(len(w)) / spread**2
        free = known > 0
        move = np.linalg.solve(curve[np.ix_(free, free)], grad[free])
        w[free] -= np.clip(move, -1, 1)
    chance = 1 / (1 + np.exp(-(base + x @ w)))
    for (entry, holds, _), p in zip(data, chance):
        if (p >= 0.5) != holds:
            print(f"{subject} {entry['scenario']}: {p:.2f}, right {holds}, {entry['principal']} {entry['source']} campaign {entry['campaign']:.1f} "
                  f"{ {f: round(v, 2) for f, v in entry['features'].items()} }")
    print(f"{subject}: {len(data)}, {int(((chance >= 0.5) != (right > 0)).sum())} told wrong")


class Family:
    """The campaigns of one family as matrices."""

    def __init__(self, name, table, data):
        self.rivals = [(kind, ["hostile" if kind in HOSTILE else "operational", kind]) for kind in FAMILIES[name]]
        self.rivals.append(("ordinary", ["ordinary"]))
        self.subjects = [[table.subjects.index(s) for s in subjects] for _, subjects in self.rivals]
        self.x = np.array([[1.0 if f == "bias" else c["features"].get(f, 0.0) for f in table.features] for c, _, _ in data])
        self.right = np.array([[float(kind in right) for kind, _ in self.rivals] for _, right, _ in data])
        self.weight = np.array([weight for _, _, weight in data])
        self.stories = table.stories

    def masses(self, w):
        """Probabilities by campaign and rival, and which stories do not say all they may."""
        own = np.stack([w[subjects].sum(axis=0) for subjects in self.subjects])
        sums = np.zeros((len(self.x), len(own)))
        free = []
        for story, at in self.stories.items():
            said = self.x[:, at] @ own[:, at].T
            within = np.abs(said) < CAP if story != "bias" else np.ones_like(said, dtype=bool)
            sums += np.where(within, said, np.sign(said) * CAP)
            free.append((at, within))
        sums -= sums.max(axis=1, keepdims=True)
        exp = np.exp(sums)
        return exp / exp.sum(axis=1, keepdims=True), free

    def loss(self, w, grad):
        masses, free = self.masses(w)
        good = np.maximum((masses * self.right).sum(axis=1), 1e-12)
        push = self.weight[:, None] * (masses - masses * self.right / good[:, None])
        own = np.zeros((len(self.rivals), w.shape[1]))
        for at, within in free:
            own[:, at] = (push * within).T @ self.x[:, at]
        for subjects, row in zip(self.subjects, own):
            for subject in subjects:
                grad[subject] += row
        return -float((self.weight * np.log(good)).sum())


class Table:
    """The table of weights as a matrix of subjects and features."""

    def __init__(self, rows, stories, go_on):
        self.rows = rows
        self.before = "value" if go_on else "prior"
        self.subjects = sorted({r["subject"] for r in rows})
        self.features = sorted({r["feature"] for r in rows})
        self.at = [(self.subjects.index(r["subject"]), self.features.index(r["feature"])) for r in rows]
        shape = (len(self.subjects), len(self.features))
        self.known, self.prior, self.w = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        for row, at in zip(rows, self.at):
            self.known[at], self.prior[at], self.w[at] = 1.0, row[self.before], row["value"]
        by_story = {}
        for number, feature in enumerate(self.features):
            by_story.setdefault("bias" if feature == "bias" else stories[feature], []).append(number)
        self.stories = {story: np.array(numbers) for story, numbers in by_story.items()}

    def families(self, data):
        return {name: Family(name, self, [d for d in data if d[0]["family"] == name]) for name in FAMILIES if any(d[0]["family"] == name for d in data)}


def fit(table, families, rounds, spread):
    """Adam with a falling rate on the whole of it."""
    first, second = np.zeros_like(table.w), np.zeros_like(table.w)
    for step in range(1, rounds + 1):
        grad = (table.w - table.prior) / spread**2
        loss = float(((table.w - table.prior) ** 2).sum()) / (2 * spread**2)
        for family in families.values():
            loss += family.loss(table.w, grad)
        grad *= table.known
        first = 0.9 * first + 0.1 * grad
        second = 0.99 * second + 0.01 * grad**2
        rate = 0.05 / (1 + 9 * step / rounds)
        table.w -= rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
        if step % 200 == 0:
            print(f"round {step}: loss {loss:.1f}", file=sys.stderr)


def told(kinds, masses):
    masses = dict(zip(kinds, masses))
    hostile = sum(m for k, m in masses.items() if k in HOSTILE)
    ordinary = masses["ordinary"]
    operational = 1 - hostile - ordinary
    if ordinary >= 0.5:
        return "ordinary", "ordinary", ordinary
    share = hostile / max(hostile + operational, 1e-12)
    verdict = "hostile" if share >= 0.8 and hostile >= 0.7 else "operational" if share <= 0.15 else "unclear"
    side = [k for k in masses if k != "ordinary" and (k in HOSTILE) == (hostile >= operational)]
    return max(side, key=lambda k: masses[k]), verdict, max(hostile, operational)


def say_wrong(title, table, data, names):
    wrong = 0
    for name, family in table.families(data).items():
        own = [(d, n) for d, n in zip(data, names) if d[0]["family"] == name]
        kinds = [kind for kind, _ in family.rivals]
        for ((campaign, right, _), scenario), masses in zip(own, family.masses(table.w)[0]):
            kind, verdict, mass = told(kinds, masses)
            if kind not in right:
                wrong += 1
                features = {f: round(v, 2) for f, v in campaign["features"].items()}
                print(f"{title} {scenario}: {kind}/{verdict} {mass:.2f}, right {sorted(right)}, {campaign['failures']} failures "
                      f"{campaign['principals'][:2]} {campaign['sources'][:2]} {features}")
    print(f"{title}: {len(data)} campaigns, {wrong} told wrong")


def write(path, table, data, odds):
    seen = {at: 0 for at in range(len(table.rows))}
    kinds = {name: {s for kind in kinds for s in ("hostile" if kind in HOSTILE else "operational", kind)} | {"ordinary"} for name, kinds in FAMILIES.items()}
    for campaign, _, _ in data:
        for at, row in enumerate(table.rows):
            value = 1.0 if row["feature"] == "bias" else campaign["features"].get(row["feature"], 0.0)
            seen[at] += row["subject"] in kinds[campaign["family"]] and value != 0
    for subject, told in odds.items():
        for entry, _, _ in told:
            for at, row in enumerate(table.rows):
                seen[at] += row["subject"] == subject and (row["feature"] == "bias" or entry["features"].get(row["feature"], 0.0) != 0)
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#") or line.startswith("subject\t")]
    for at, row in enumerate(table.rows):
        value = table.w[table.at[at]] if seen[at] else row[table.before]
        lines.append("\t".join([row["subject"], row["feature"], f"{value:.2f}", f"{row['prior']:g}", str(seen[at]), "fit" if seen[at] else "judgement"]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+")
    parser.add_argument("--held-out", nargs="*", default=[])
    parser.add_argument("--features", default="target/debug/examples/features")
    parser.add_argument("--table", type=Path, default=Path("src/judge/weights.tsv"))
    parser.add_argument("--stories", type=Path, default=Path("src/judge/features.rs"))
    parser.add_argument("--rounds", type=int, default=2000)
    parser.add_argument("--spread", type=float, default=SPREAD)
    parser.add_argument("--go-on", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    table = Table(read_table(args.table), read_stories(args.stories), args.go_on)
    data, names, came_in, new_places = [], [], [], []
    sources = [scenarios(args.features, source.split(","), args.jobs) for source in args.sources]
    count = sum(map(len, sources))
    for made in sources:
        share = count / (len(sources) * len(made))
        for scenario in made:
            for campaign, right, weight in labelled(scenario):
                data.append((campaign, right, weight * share))
                names.append(scenario["truth"]["scenario"])
            for told, rows in ((came_in, entries(scenario)), (new_places, accesses(scenario))):
                for row, holds, weight in rows:
                    row["scenario"] = scenario["truth"]["scenario"]
                    told.append((row, holds, weight * share))
    fit(table, table.families(data), args.rounds, args.spread)
    say_wrong("fitted", table, data, names)
    for folder in args.held_out:
        made = scenarios(args.features, [folder], args.jobs)
        own = [(row, scenario["truth"]["scenario"]) for scenario in made for row in labelled(scenario)]
        say_wrong(folder, table, [row for row, _ in own], [name for _, name in own])
    for subject, rows in (("account_compromise", came_in), ("suspicious_access", new_places)):
        if rows:
            fit_odds(table, subject, rows, 50, args.spread)
    if args.write:
        write(args.table, table, data, {"account_compromise": came_in, "suspicious_access": new_places})


if __name__ == "__main__":
    main()
