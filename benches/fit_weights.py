#!/usr/bin/env -S python3 -B
"""Fits the weights of judging to scenarios with a known truth.

    fit_weights.py FOLDER… --features target/debug/examples/features [--table src/judge/weights.tsv] [--write] [--cache FILE]

Each folder holds scenarios (`truth.json`, `logs` or `logs.tar.gz`). The features of every campaign are exported, labelled
by the truth, and a multinomial logistic regression is fitted whose prior is the column `prior` of the table: a Gaussian
around judgement, so that what the scenarios do not show stays as it was. Prints how well the fit tells them apart; with
--write the columns value, n and source of the table are written anew.
"""
import argparse
import json
import math
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from pathlib import Path

GRACE = timedelta(minutes=10)
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


def export(features, folder):
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    logs = folder / "logs" if (folder / "logs").is_dir() else folder / "logs.tar.gz"
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
        call = [features]
        if truth["config"]:
            config.write(truth["config"])
            config.flush()
            call += ["--config", config.name]
        done = subprocess.run([*call, str(logs)], capture_output=True, timeout=300, check=True)
    return {"truth": truth, "campaigns": json.loads(done.stdout)}


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
    if kinds & NODES and not campaign["features"].get("by_node"):
        return None
    kinds &= set(FAMILIES[campaign["family"]]) | {"ordinary"}
    return kinds or None


def story_of(table_features):
    return table_features


class Model:
    def __init__(self, rows):
        self.index = {(r["subject"], r["feature"]): at for at, r in enumerate(rows)}
        self.prior = [r["prior"] for r in rows]
        self.w = [r["value"] for r in rows]

    def rivals(self, family):
        out = []
        for kind in FAMILIES[family]:
            out.append((kind, ["hostile" if kind in HOSTILE else "operational", kind]))
        out.append(("ordinary", ["ordinary"]))
        return out

    def terms(self, campaign):
        """By rival: (name, [(weight number, value)])."""
        features = dict(campaign["features"])
        features["bias"] = 1.0
        out = []
        for name, subjects in self.rivals(campaign["family"]):
            terms = [(self.index[(s, f)], v) for s in subjects for f, v in features.items() if (s, f) in self.index]
            out.append((name, terms))
        return out

    def masses(self, terms):
        sums = [sum(self.w[at] * v for at, v in t) for _, t in terms]
        most = max(sums)
        exp = [math.exp(s - most) for s in sums]
        total = sum(exp)
        return [e / total for e in exp]


def fit(rows, data, rounds, spread):
    model = Model(rows)
    prepared = [(model.terms(c), right, weight) for c, right, weight in data]
    grad2 = [0.0] * len(rows)
    for step in range(rounds):
        rate = 0.05 / (1 + 9 * step / rounds)
        grad = [(w - p) / (spread * spread) for w, p in zip(model.w, model.prior)]
        loss = sum((w - p) ** 2 for w, p in zip(model.w, model.prior)) / (2 * spread * spread)
        for terms, right, weight in prepared:
            masses = model.masses(terms)
            good = sum(m for (name, _), m in zip(terms, masses) if name in right)
            loss -= weight * math.log(max(good, 1e-12))
            for (name, t), m in zip(terms, masses):
                target = m / good if name in right and good > 1e-12 else 0.0
                push = weight * (m - target)
                if abs(push) > 1e-9:
                    for at, v in t:
                        grad[at] += push * v
        for at, g in enumerate(grad):
            grad2[at] = 0.9 * grad2[at] + 0.1 * g * g
            model.w[at] -= rate * g / (math.sqrt(grad2[at]) + 1e-6)
        if step % 50 == 0:
            print(f"round {step}: loss {loss:.1f}", file=sys.stderr)
    return model


def told(model, campaign):
    terms = model.terms(campaign)
    masses = dict(zip([name for name, _ in terms], model.masses(terms)))
    hostile = sum(m for k, m in masses.items() if k in HOSTILE)
    ordinary = masses["ordinary"]
    operational = 1 - hostile - ordinary
    if ordinary >= 0.5:
        return "ordinary", "ordinary", ordinary
    share = hostile / max(hostile + operational, 1e-12)
    verdict = "hostile" if share >= 0.8 else "operational" if share <= 0.15 else "unclear"
    side = [k for k in masses if k != "ordinary" and (k in HOSTILE) == (hostile >= operational)]
    return max(side, key=lambda k: masses[k]), verdict, max(hostile, operational)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--features", default="target/debug/examples/features")
    parser.add_argument("--table", type=Path, default=Path("src/judge/weights.tsv"))
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--rounds", type=int, default=600)
    parser.add_argument("--spread", type=float, default=SPREAD)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    if args.cache and args.cache.exists():
        scenarios = json.loads(args.cache.read_text(encoding="utf-8"))
    else:
        folders = [d for folder in args.folders for d in sorted(folder.iterdir()) if (d / "truth.json").exists()]
        scenarios = [export(args.features, folder) for folder in folders]
        if args.cache:
            args.cache.write_text(json.dumps(scenarios), encoding="utf-8")
    rows = read_table(args.table)
    data, names = [], []
    for scenario in scenarios:
        labelled = [(c, label(c, scenario["truth"], scenario["campaigns"])) for c in scenario["campaigns"]]
        labelled = [(c, right) for c, right in labelled if right]
        alike = Counter(frozenset(right) for _, right in labelled)
        for campaign, right in labelled:
            weight = min(1.0, (6.0 if right == {"ordinary"} else 3.0) / alike[frozenset(right)])
            data.append((campaign, right, weight))
            names.append(scenario["truth"]["scenario"])
    model = fit(rows, data, args.rounds, args.spread)
    wrong = 0
    for (campaign, right, _), name in zip(data, names):
        kind, verdict, mass = told(model, campaign)
        if kind not in right:
            wrong += 1
            print(f"{name}: {kind}/{verdict} {mass:.2f}, right {sorted(right)}, {campaign['failures']} failures {campaign['principals'][:2]} {campaign['sources'][:2]} {campaign['features']}")
    print(f"{len(data)} campaigns, {wrong} told wrong")
    count = defaultdict(int)
    for campaign, _, _ in data:
        for _, terms in model.terms(campaign):
            for at, value in terms:
                count[at] += value != 0
    if args.write:
        lines = [line for line in args.table.read_text(encoding="utf-8").splitlines() if line.startswith("#") or line.startswith("subject\t")]
        for at, row in enumerate(rows):
            seen = count[at] > 0
            value = model.w[at] if seen else row["prior"]
            lines.append("\t".join([row["subject"], row["feature"], f"{value:.2f}", f"{row['prior']:g}", str(count[at]), "fit" if seen else "judgement"]))
        args.table.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
