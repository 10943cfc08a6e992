"""The race: the best digits that two CPU cores make in five minutes.

    python -m benchmarks.race try r1=1 learning_rate=1e-3    a short race, on the validation split
    python -m benchmarks.race final                          five seeds, on the test split
    python -m benchmarks.race picture                        the usual loop, ours, the compact pair
    python -m benchmarks.race ship                           the course's trained generators

RACE.md says what was tried and what came of it. Tables: race_tried.csv beside this file for `try`,
notebooks/results for `final`, build/race for `picture`; `ship` writes gan_helpers/assets.

Seconds are those of training, without measuring; they mean something only on a machine that does
nothing else. There a race takes two CPU threads, unless GAN_HELPERS_THREADS in the environment says
otherwise. The pair with guessed labels is trained for a number of steps. What a table has already
is not run again, so a stopped race goes on with the first setting that is missing.
"""

import argparse
import ast
import itertools
import time
from pathlib import Path

import torch
from matplotlib.figure import Figure
from safetensors.torch import load_file, save_file

from benchmarks.loops import usual_loader, usual_step
from gan_helpers import (
    data,
    guesses,
    judges,
    losses,
    metrics,
    networks,
    recipes,
    shipped,
    tables,
    threads,
    training,
)
from gan_notebooks import fingerprints, staleness

FOLDER = Path(__file__).parent
BUILD = FOLDER.parent / "build" / "race"
SAMPLES = 10_000  # fakes that a judge sees
SECONDS = 300
SEEDS = range(5)
THREADS = 2
FINAL_MARKS = (30, 60, 100, SECONDS)
FINAL_STEPS = (2000, 5000, 10_000, 20_000)  # of the pair with guessed labels
MARKS = (1, 2, 3, 5, 7, 10, 14, 20, 30, 45, 60, 80, 100, 140, 200, SECONDS)
COLUMNS = (
    "digit_fid",
    "floor",
    "class_kl",
    "classes",
    "spread",
    "precision",
    "recall",
    "density",
    "coverage",
)
LABEL_COLUMNS = ("accuracy", "accuracy_worst")
LOSSES = {"bce": losses.bce(), "hinge": losses.hinge(), "least squares": losses.least_squares()}
WORDS = {
    "batches": ("ours", "usual"),
    "step": ("ours", "published"),
    "nets": ("compact", "dense"),
    "conditional": ("False", "True", "guessed"),
    "loss": LOSSES,
}

# What the race came to; everything else is said as a change to it.
KEPT = {
    "batches": "ours",
    "fused": True,
    "channels_last": True,
    "step": "ours",
    "nets": "compact",
    "latent_dim": 42,
    "kinds": 10,
    "g_channels": (16, 64),
    "d_channels": 24,
    "hidden": 128,
    "eps": 1e-5,  # BatchNorm's, in the dense net
    "conditional": False,  # or True, or "guessed": by labels that the digits alone suggest
    "wrong_labels": 0.0,
    "loss": "bce",
    "learning_rate": 2e-3,
    "decay": True,
    "beta1": 0.0,
    "beta2": 0.99,
    "batch_size": 64,
    "r1": 2.0,
    "r1_every": 8,
    "average": 0.999,
}
USUAL_LOOP = {"batches": "usual", "fused": False, "channels_last": False}
# The nets and settings of lesson 03's published code, in our loop and with the step of algorithm 1.
PUBLISHED = {
    "nets": "dense",
    "eps": 0.8,
    "latent_dim": 100,
    "learning_rate": 2e-4,
    "beta1": 0.5,
    "beta2": 0.999,
    "r1": 0.0,
    "average": 0.0,
    "decay": False,
}
COMPACT = {
    "digits": {},
    "digits, guessed labels": {"conditional": "guessed", "wrong_labels": 0.05, "latent_dim": 32},
    "digits on demand": {"conditional": True, "wrong_labels": 0.05},
}
SHIPPED = {False: "digits, guessed labels", True: "digits on demand"}  # conditional or not
SIDE_BY_SIDE = {
    "usual loop and step, published pair": PUBLISHED | USUAL_LOOP | {"step": "published"},
    "our loop, published pair": PUBLISHED,
    "our loop, dense pair": PUBLISHED | {"eps": 1e-5},
    "our loop, compact pair": {},
}
ONE_REMOVED = {
    "all ingredients": {},
    "without the compact nets": {"nets": "dense"},
    "without our loop": USUAL_LOOP,
    "without kinds": {"kinds": 0},
    "without R1": {"r1": 0.0},
    "without the high learning rate": {"learning_rate": 2e-4},
    "without its fall": {"decay": False},
    "without β₁ = 0": {"beta1": 0.5},
    "without averaged weights": {"average": 0.0},
}
TABLES = {"04_race": SIDE_BY_SIDE | ONE_REMOVED, "04_compact": COMPACT}  # in notebooks/results
FINGERPRINT_STEPS = 16  # R1 acts on two of them
FINGERPRINT_DIGITS = 2000  # whose labels are guessed
PICTURE = ((SIDE_BY_SIDE, SECONDS), (ONE_REMOVED, 100))  # each with the seconds of its runs


def build(setting):
    """(G, D) of a setting."""
    latent_dim = setting["latent_dim"]
    if setting["nets"] == "dense":
        G = networks.DenseGenerator(latent_dim, eps=setting["eps"])
        return G, networks.DenseDiscriminator()
    classes = {False: 0, True: 10, "guessed": guesses.KINDS}[setting["conditional"]]
    channels = setting["g_channels"]
    G = networks.CompactGenerator(latent_dim, channels, kinds=setting["kinds"], classes=classes)
    D = networks.CompactDiscriminator(setting["d_channels"], setting["hidden"], classes=classes)
    # channels_last: the same numbers in the order in which a CPU's convolutions want them.
    order = torch.channels_last if setting["channels_last"] else torch.contiguous_format
    return G.to(memory_format=order), D.to(memory_format=order)


def prepare(setting, seed):
    """(step, batches, history, optimisers, the generator to measure) of a run at its start."""
    training.setup(seed)
    torch.set_num_threads(threads.number(default=THREADS))
    G, D = build(setting)
    opt_G = adam(G, setting)
    opt_D = adam(D, setting)
    average = training.EMA(G, setting["average"]) if setting["average"] else None
    history = training.History()
    batches = batches_of(setting, seed)
    if setting["step"] == "ours":
        train_step = race_step(setting, G, D, opt_G, opt_D, history)
    else:
        train_step = usual_step(G, D, opt_G, opt_D)
    measured = G if average is None else average.module
    if setting["conditional"] == "guessed":
        shares = torch.bincount(batches.labels, minlength=G.classes) / len(batches.labels)
        measured = guesses.ChoosingGenerator(measured, shares)
    if average is None:
        return train_step, batches, history, [opt_G, opt_D], measured

    def step(real, labels):
        metrics_of_step = train_step(real, labels)
        average.update_parameters(G)
        return metrics_of_step

    return step, batches, history, [opt_G, opt_D], measured


def adam(net, setting):
    betas = (setting["beta1"], setting["beta2"])
    fused = setting["fused"] or None  # None: as Adam comes
    return torch.optim.Adam(net.parameters(), setting["learning_rate"], betas, fused=fused)


def batches_of(setting, seed):
    """Shuffled batches of the digits that the judges have been trained on."""
    if setting["batches"] == "usual":
        return usual_loader(judges.TRAINED_ON, setting["batch_size"])
    count = setting.get("digits", judges.TRAINED_ON)
    digits, labels = (part[:count] for part in data.mnist("train"))
    if setting["conditional"] == "guessed":
        labels = guesses.guess_labels(digits, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    return data.batches(digits, labels, setting["batch_size"], generator=generator)


def race_step(setting, G, D, opt_G, opt_D, history):
    """The compact recipe's step of a setting; `race` sets the rate, and `prepare` averages."""
    penalty = recipes.compact_penalty(
        history,
        r1=setting["r1"],
        every=setting["r1_every"],
        mismatch=setting["wrong_labels"],
    )
    loss = LOSSES[setting["loss"]]
    return recipes.compact_step(G, D, opt_G, opt_D, history, loss=loss, penalty=penalty)


def race(setting, seed, marks, clock=time.perf_counter):
    """Train; at each of `marks` yield (what the clock says, History, the generator to measure).

    `marks`: rising, in seconds or whatever `clock` counts. It stands still for the caller's time.
    """
    # A clock of our own: History's leaves out the loading of batches, and the guessing of labels.
    before = 0.0
    start = clock()
    step, batches, history, optimisers, G = prepare(setting, seed)
    rate_at = recipes.falling_rate(setting["learning_rate"], marks[-1])
    for _ in training.training_loop(step, batches, history, steps=10**9):
        now = before + clock() - start
        if setting["decay"]:
            recipes.set_rate(optimisers, rate_at(now))
        if now >= marks[0]:
            yield now, history, G
            before = now
            start = clock()
            marks = [mark for mark in marks if mark > now]
            if not marks:
                return


def fingerprint(changes):
    """The fingerprint of a setting: of a few small steps, on a clock that counts them."""
    setting = KEPT | changes | {"batch_size": 16}
    if setting["conditional"] == "guessed":
        setting["digits"] = FINGERPRINT_DIGITS
    steps_done = itertools.count().__next__
    _, history, G = next(race(setting, 0, (FINGERPRINT_STEPS,), clock=steps_done))
    return fingerprints.take(history, G)


def fingerprints_of(table):
    """{setting: fingerprint} of a table, such as "04_race", for a process in float64."""
    return {name: fingerprint(changes) for name, changes in TABLES[table].items()}


def drop_stale(path):
    """Drop the rows of settings that train differently now; note beside the table what all come to.

    `path`: 04_race.csv or 04_compact.csv. So what `run` then finds missing is raced anew.
    """
    stored = fingerprints.read(path.stem, path.parent)
    current = fingerprints.in_float64("benchmarks.race", "fingerprints_of", path.stem)
    gone = {name for name in current if staleness.why_stale(stored.get(name), current[name], {})}
    rows = tables.read(path.stem, path.parent)
    tables.write(path, [row for row in rows if row["variant"] not in gone])
    judged = {"yardstick": fingerprints.yardstick()}
    fresh = {name: {"variant": name} | current[name] | judged for name in current}
    fingerprints.write(path.stem, fresh, path.parent)


def measure(G, setting, reference, second):
    """The scores (dict) of 10,000 fakes, with `second` by the second judge too.

    A conditional generator is asked for the labels of the reference.
    """
    z = networks.noise(SAMPLES, G.latent_dim, seed=999)
    labels = data.mnist(reference)[1] if setting["conditional"] is True else None
    cond = () if labels is None else (torch.eye(10)[labels],)
    fakes = networks.sample(G, z, *cond)
    score = metrics.score(fakes, labels, reference=reference)
    names = COLUMNS if labels is None else COLUMNS + LABEL_COLUMNS
    row = {name: score[name] for name in names}
    if second:
        score = metrics.score(fakes, reference=reference, judge="second_judge")
        row |= {f"{name}_2nd": score[name] for name in ("digit_fid", "floor")}
    return row


def run(path, name, changes, seed, marks, *, reference, unit="s", keep=None):
    """Race one setting, unless `path` has it; add its rows to the table.

    `unit` of `marks`: "s", or "steps", which mean the same on a machine that does other things
    too; no seconds are kept then.
    `keep`: where the last generator goes. The second judge, for final figures only, measures the
    end of runs whose reference is the test split.
    """
    setting = KEPT | changes
    described = "; ".join(f"{key}={value}" for key, value in setting.items())
    same = {"variant": name, "seed": seed, "setting": f"{described}; {marks[-1]} {unit}"}
    raced = tables.where(tables.read(path.stem, path.parent), **same)
    if raced and (keep is None or keep.exists()):
        print(f"{path} has {name}, seed {seed}")
        return
    new_rows = []
    clock = time.perf_counter if unit == "s" else itertools.count().__next__
    for mark, history, G in race(setting, seed, marks, clock):
        row = same | ({"seconds": mark} if unit == "s" else {})
        row |= {
            "steps": history.step,
            "reference": reference,
            "threads": torch.get_num_threads(),
        }
        row |= measure(G, setting, reference, reference == "test" and mark >= marks[-1])
        print(summary(row), flush=True)
        new_rows.append(row)
    if keep:
        keep.parent.mkdir(parents=True, exist_ok=True)
        save_file({key: value.contiguous() for key, value in G.state_dict().items()}, keep)
    other_rows = [
        row
        for row in tables.read(path.stem, path.parent)
        if (row["variant"], row["seed"]) != (name, seed)
    ]
    tables.write(path, other_rows + new_rows)


def summary(row):
    """One line about a row of the table."""
    seconds = f"{row['seconds']:.0f} s, " if "seconds" in row else ""
    parts = [
        f"{row['variant']}, seed {row['seed']}: {seconds}{row['steps']} steps",
        f"{row['digit_fid'] / row['floor']:.1f} floors",
        f"coverage {row['coverage']:.3f}",
        f"class_kl {row['class_kl']:.4f}",
    ]
    if "accuracy" in row:
        parts.append(f"accuracy {row['accuracy']:.4f}")
        parts.append(f"worst {row['accuracy_worst']:.3f}")
    return ", ".join(parts)


def final(path=tables.FOLDER / "04_compact.csv"):
    """Five seeds, without labels, with guessed and with true ones, on the test split.

    The generators stay in BUILD.
    """
    drop_stale(path)
    for name, changes in COMPACT.items():
        for seed in SEEDS:
            kept = generator_file(name, seed)
            marks, unit = final_marks(changes)
            run(path, name, changes, seed, marks, reference="test", unit=unit, keep=kept)
    print_real_digits()
    rows = tables.read(path.stem, path.parent)
    for name in COMPACT:
        runs = [tables.where(rows, variant=name, seed=seed) for seed in SEEDS]
        for moment in zip(*runs, strict=True):  # the rows of all seeds at one mark
            steps = tables.spread(row["steps"] for row in moment)
            print(f"{name}, steps {steps}: {spreads(moment)}")


def final_marks(changes):
    """(the moments to measure, their unit) of a setting in `final`."""
    if changes.get("conditional") == "guessed":
        return FINAL_STEPS, "steps"
    return FINAL_MARKS, "s"


def print_real_digits():
    """What the judge says of training digits, in place of fakes."""
    digits = data.to_tanh_range(data.mnist("train")[0][:SAMPLES]).unsqueeze(1)
    score = metrics.score(digits, reference="test")
    names = ("coverage", "precision", "recall", "class_kl")
    scores = ", ".join(f"{name} {score[name]:.4f}" for name in names)
    print(f"10,000 training digits against the test digits: {scores}")


def spreads(rows):
    """The median and range of each score over rows of several seeds, as text."""
    floors = tables.spread(row["digit_fid"] / row["floor"] for row in rows)
    parts = [f"floors {floors}"]
    for name in ("coverage", "class_kl", "precision", "recall", *LABEL_COLUMNS):
        parts.append(f"{name} {tables.spread(row[name] for row in rows if name in row)}")
    return ", ".join(parts)


def generator_file(name, seed):
    return BUILD / f"{name.replace(' ', '_')}_{seed}.safetensors"


def ship():
    """Seed 0's generators become the course's; trained where BUILD lacks them.

    The seed was named before, and not chosen after.
    """
    for conditional, name in SHIPPED.items():
        kept = generator_file(name, 0)
        if not kept.exists():
            (*_, end), unit = final_marks(COMPACT[name])
            path = BUILD / "ship.csv"
            run(path, name, COMPACT[name], 0, (end,), reference="validation", unit=unit, keep=kept)
        shipped.write_weights(load_file(kept), networks.trained_file(conditional))


def picture(folder=BUILD):
    """Run the settings of PICTURE; print their times, draw them into `folder`.

    SIDE_BY_SIDE for five minutes each, ONE_REMOVED for 100 seconds each.
    """
    path = Path(folder) / "04_race.csv"
    drop_stale(path)
    for settings, end in PICTURE:
        marks = [mark for mark in MARKS if mark <= end]
        for name, changes in settings.items():
            run(path, name, changes, 0, marks, reference="validation")
    rows = tables.read(path.stem, path.parent)
    for settings, end in PICTURE:
        print_times(rows, settings, end)
    draw(rows, path.with_suffix(".png"))
    print(f"drawn into {path.with_suffix('.png')}; remove {path} to race anew")


def print_times(rows, settings, end):
    """For each of the settings, the seconds until digit_fid was down to some limits."""
    floor = rows[0]["floor"]
    usual = tables.where(rows, variant="usual loop and step, published pair")
    limits = {
        "100 ×": 100 * floor,
        "50 ×": 50 * floor,
        "25 ×": 25 * floor,
        "the usual loop's best": min(row["digit_fid"] for row in usual),
    }
    print(
        f"\nRuns of {end} s: seconds until digit_fid is down to … the floor ({floor:.3f}); "
        "at the end, in floors"
    )
    print(f"{'':<36}" + "".join(f"{label:>24}" for label in (*limits, "at the end")))
    for name in settings:
        chosen = tables.where(rows, variant=name)
        cells = [first_below(chosen, limit) for limit in limits.values()]
        cells.append(f"{chosen[-1]['digit_fid'] / floor:.1f}")
        print(f"{name:<36}" + "".join(f"{cell:>24}" for cell in cells))


def draw(rows, path):
    """digit_fid against seconds, a panel for each part of PICTURE, into the file `path`."""
    floor = rows[0]["floor"]
    fig = Figure(figsize=(11, 4.5), layout="constrained")
    for ax, (settings, _) in zip(fig.subplots(1, 2, sharey=True), PICTURE, strict=True):
        for name in settings:
            chosen = tables.where(rows, variant=name)
            seconds = [row["seconds"] for row in chosen]
            ax.plot(seconds, [row["digit_fid"] / floor for row in chosen], label=name)
        ax.set(xscale="log", yscale="log")
        ax.set(xlabel="seconds of training", ylabel="digit_fid, times the floor")
        ax.legend(frameon=False, fontsize=8)
    fig.savefig(path)


def first_below(rows, limit):
    """The seconds, as text, at which digit_fid was first at most `limit`, or "never"."""
    return next((f"{row['seconds']:.0f}" for row in rows if row["digit_fid"] <= limit), "never")


def try_one(words):
    """One short race with the changes that `words` name, such as "r1=1".

    Seconds and seed may be named too. SystemExit for a name or value that there is not.
    """
    known = KEPT | {"seconds": 100.0, "seed": 0}
    changes = {}
    for word in words:
        key, equals, text = word.partition("=")
        if key not in known or not equals:
            raise SystemExit(
                f"there is no setting {word}; write name=value, with a name of {', '.join(known)}"
            )
        if key in WORDS and text not in WORDS[key]:
            raise SystemExit(f"{key} must be one of {', '.join(WORDS[key])}, got {text}")
        is_word = isinstance(known[key], str) or text == "guessed"
        changes[key] = text if is_word else ast.literal_eval(text)
    seconds = changes.pop("seconds", 100)
    seed = changes.pop("seed", 0)
    name = ", ".join(f"{key} {value}" for key, value in changes.items()) or "kept"
    run(FOLDER / "race_tried.csv", name, changes, seed, (seconds,), reference="validation")


def main():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.race", description=__doc__.split("\n")[0]
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("try").add_argument("changes", nargs="*")
    commands.add_parser("picture").add_argument("folder", nargs="?", default=BUILD)
    commands.add_parser("final")
    commands.add_parser("ship")
    arguments = parser.parse_args()
    if arguments.command == "try":
        try_one(arguments.changes)
    elif arguments.command == "picture":
        picture(arguments.folder)
    else:
        {"final": final, "ship": ship}[arguments.command]()


if __name__ == "__main__":
    main()
