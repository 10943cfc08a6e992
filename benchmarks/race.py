"""The race: the best digits that two CPU cores make in five minutes. RACE.md says what was tried and what came of it.

    python -m benchmarks.race try r1=1 learning_rate=1e-3     one short race, on the validation split (race_tried.csv)
    python -m benchmarks.race final                           five seeds, the test split (notebooks/results)
    python -m benchmarks.race picture                         the usual loop, ours, the compact pair (build/race)
    python -m benchmarks.race ship                            the trained generators in gan_helpers/assets

Seconds are those of training, without measuring; they mean something only on a machine that does nothing else.
What a table has already is not run again, so a stopped race goes on where it was.
"""

import argparse
import functools
import shutil
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from safetensors.torch import save_file

from benchmarks.loops import usual_loader, usual_step
from gan_helpers import data, judges, losses, metrics, networks, tables, training

FOLDER, BUILD = Path(__file__).parent, Path("build/race")
SAMPLES, SECONDS, SEEDS = 10_000, 300, range(5)
COLUMNS = ("digit_fid", "floor", "class_kl", "classes", "spread", "precision", "recall", "density", "coverage")
LABEL_COLUMNS = ("accuracy", "accuracy_worst")
LOSSES = {"bce": losses.bce(), "hinge": losses.hinge(), "least squares": losses.least_squares()}

# What the race came to; everything else is said as a change to it.
KEPT = {"loop": "ours", "step": "ours", "nets": "compact", "latent_dim": 42, "kinds": 10, "g_channels": (16, 64),
        "d_channels": 24, "hidden": 128, "conditional": False, "loss": "bce", "learning_rate": 2e-3,
        "beta1": 0.0, "beta2": 0.99, "batch_size": 64, "r1": 2.0, "r1_every": 8, "average": 0.999, "decay": True}
# The nets and settings of lesson 02's published code, in our loop and with the step of algorithm 1.
PUBLISHED = {"nets": "published", "latent_dim": 100, "learning_rate": 2e-4, "beta1": 0.5, "beta2": 0.999,
             "r1": 0.0, "average": 0.0, "decay": False}
PICTURE = {
    "usual loop, published pair": PUBLISHED | {"loop": "usual", "step": "published"},
    "our loop, published pair": PUBLISHED,
    "our loop, compact pair": {},
    "without the compact pair": {"nets": "published", "latent_dim": 100},
    "without our loop": {"loop": "usual"},
    "without R1": {"r1": 0.0},
    "without the high learning rate": {"learning_rate": 2e-4},
    "without β₁ = 0": {"beta1": 0.5},
    "without averaged weights": {"average": 0.0},
    "without kinds": {"kinds": 0},
    "without the falling learning rate": {"decay": False},
}


def build(setting):
    """(G, D) of a setting."""
    if setting["nets"] == "published":
        return networks.DenseGenerator(setting["latent_dim"], eps=0.8), networks.DenseDiscriminator()
    classes = 10 if setting["conditional"] else 0
    pair = (networks.CompactGenerator(setting["latent_dim"], setting["g_channels"], kinds=setting["kinds"],
                                      classes=classes),
            networks.CompactDiscriminator(setting["d_channels"], setting["hidden"], classes=classes))
    # channels_last: the same numbers in the order in which a CPU's convolutions want them.
    return pair if setting["loop"] == "usual" else tuple(net.to(memory_format=torch.channels_last) for net in pair)


def prepare(setting, seed):
    """(step, batches, history, average, optimisers) of a run at its start; `average.module` is the net to measure."""
    training.setup(seed)
    G, D = build(setting)
    ours = setting["loop"] == "ours"
    optimisers = [torch.optim.Adam(net.parameters(), setting["learning_rate"],
                                   betas=(setting["beta1"], setting["beta2"]), fused=ours or None) for net in (G, D)]
    average = training.EMA(G, setting["average"])  # with 0: G itself
    history = training.History()
    if ours:
        digits, labels = (part[:judges.TRAINED_ON] for part in data.mnist("train"))
        batches = data.batches(digits, labels, setting["batch_size"], generator=torch.Generator().manual_seed(seed))
    else:
        batches = usual_loader(judges.TRAINED_ON)
    if setting["step"] == "ours":
        train_step = race_step(setting, G, D, *optimisers, history)
    else:
        train_step = usual_step(G, D, *optimisers)

    def step(real, labels):
        metrics_of_step = train_step(real, labels)
        average.update_parameters(G)
        return metrics_of_step

    return step, batches, history, average, optimisers


def race(setting, seed, marks):
    """Train; at each of `marks` (seconds, rising) yield (seconds, steps, the generator to measure)."""
    step, batches, history, average, optimisers = prepare(setting, seed)
    marks, end = list(marks), marks[-1]
    before, start = 0.0, time.perf_counter()  # our own clock: History's leaves out the loading of batches
    for _ in training.training_loop(step, batches, history, steps=10**9):
        seconds = before + time.perf_counter() - start
        if setting["decay"]:  # linearly, to 0 at the end
            for optimiser in optimisers:
                optimiser.param_groups[0]["lr"] = setting["learning_rate"] * max(0, 1 - seconds / end)
        if seconds >= marks[0]:
            yield seconds, history.step, average.module
            before, start = seconds, time.perf_counter()
            while marks and seconds >= marks[0]:
                marks.pop(0)
            if not marks:
                return


def race_step(setting, G, D, opt_G, opt_D, history):
    """Lesson 02's step, with R1 on every k-th step, and labels where the nets take them."""
    loss = LOSSES[setting["loss"]]
    r1 = functools.partial(losses.r1_penalty, weight=setting["r1"] * setting["r1_every"])

    def step(real, labels):
        cond = (F.one_hot(labels, 10).float(),) if setting["conditional"] else ()
        penalty = r1 if setting["r1"] and history.step % setting["r1_every"] == 0 else None
        noise = functools.partial(torch.randn, len(real), G.latent_dim)
        return (training.discriminator_step(G, D, opt_D, real, noise(), loss, cond=cond, penalty=penalty)
                | training.generator_step(G, D, opt_G, noise(), loss, cond=cond))

    return step


def measure(G, setting, reference, judge="judge"):
    """The scores (dict) of 10,000 fakes; a conditional generator is asked for the labels of the reference."""
    z = torch.randn(SAMPLES, G.latent_dim, generator=torch.Generator().manual_seed(999))
    labels = data.mnist(reference)[1] if setting["conditional"] else None
    cond = () if labels is None else (F.one_hot(labels, 10).float(),)
    score = metrics.score(networks.sample(G, z, *cond), labels, reference=reference, judge=judge)
    return {name: score[name] for name in COLUMNS + LABEL_COLUMNS * setting["conditional"]}


def run(path, name, changes, seed, marks, *, reference, second=False, keep=None):
    """Race one setting, unless `path` has it; add its rows to the table. `keep`: where the last generator goes."""
    rows = tables.read(path.stem, path.parent)
    if tables.where(rows, name=name, seed=seed) and (keep is None or keep.exists()):
        return
    setting = KEPT | changes
    new = []
    for seconds, steps, G in race(setting, seed, marks):
        row = {"name": name, "seed": seed, "seconds": seconds, "steps": steps, "reference": reference,
               "threads": torch.get_num_threads()} | measure(G, setting, reference)
        if second and seconds >= marks[-1]:
            score = measure(G, setting, reference, "second_judge")
            row |= {f"{column}_2nd": score[column] for column in ("digit_fid", "floor")}
        print(f"{name}, seed {seed}: {seconds:.0f} s, {steps} steps, {row['digit_fid'] / row['floor']:.1f} floors, "
              f"coverage {row['coverage']:.3f}, class_kl {row['class_kl']:.4f}"
              + (f", accuracy {row['accuracy']:.4f}, worst {row['accuracy_worst']:.3f}" if "accuracy" in row else ""),
              flush=True)
        new.append(row)
    if keep:
        keep.parent.mkdir(parents=True, exist_ok=True)
        save_file({key: value.contiguous() for key, value in G.state_dict().items()}, keep)
    tables.write(path, [row for row in tables.read(path.stem, path.parent)
                        if (row["name"], row["seed"]) != (name, seed)] + new)


def final(path=tables.FOLDER / "02_compact.csv"):
    """Five seeds, without and with labels, on the test split; the generators stay in BUILD."""
    for seed in SEEDS:
        for name, changes in (("digits", {}), ("digits on demand", {"conditional": True})):
            run(path, name, changes, seed, (30, 60, 100, SECONDS), reference="test", second=True,
                keep=BUILD / f"{name.replace(' ', '_')}_{seed}.safetensors")
    rows = tables.read(path.stem, path.parent)
    real = real_scores("test")
    print(f"10,000 training digits against the test digits: coverage {real['coverage']:.3f}, precision "
          f"{real['precision']:.3f}, class_kl {real['class_kl']:.4f}")
    for name in ("digits", "digits on demand"):
        for mark in (30, 60, 100, SECONDS):
            chosen = [row for row in tables.where(rows, name=name) if mark <= row["seconds"] < mark + 5]
            print(f"{name}, {mark} s: floors {tables.spread(row['digit_fid'] / row['floor'] for row in chosen)}, "
                  + ", ".join(f"{column} {tables.spread(row[column] for row in chosen if column in row)}"
                              for column in ("coverage", "class_kl", "precision", "recall", *LABEL_COLUMNS)))


def real_scores(reference):
    """What `metrics.score` says of 10,000 training digits: the best that fakes can reach."""
    return metrics.score(data.to_tanh_range(data.mnist("train")[0][:SAMPLES]).unsqueeze(1), reference=reference)


def ship():
    """Seed 0's generators of `final` become the course's; seed 0 was named before, not chosen after."""
    final()
    for name, file in (("digits", "generator"), ("digits on demand", "generator_conditional")):
        shutil.copy(BUILD / f"{name.replace(' ', '_')}_0.safetensors", networks.ASSETS / f"{file}.safetensors")


def picture(folder=BUILD):
    """Race the settings of PICTURE one after the other, print their times and draw them into `folder`."""
    path = Path(folder) / "02_race.csv"
    marks = (2, 4, 7, 10, 15, 20, 30, 45, 60, 80, 100, 130, 160, 200, 250, SECONDS)
    for name, changes in PICTURE.items():
        run(path, name, changes, 0, marks, reference="validation")
    rows = tables.read(path.stem, path.parent)
    goal = min(row["digit_fid"] for row in tables.where(rows, name="usual loop, published pair"))
    floor = rows[0]["floor"]
    print(f"\nSeconds until digit_fid is down to … times the floor ({floor:.3f})\n{'':<36}"
          + "".join(f"{label:>18}" for label in ("100 ×", "50 ×", "25 ×", "usual loop's best")))
    for name in PICTURE:
        times = [first_below(tables.where(rows, name=name), limit)
                 for limit in (100 * floor, 50 * floor, 25 * floor, goal)]
        print(f"{name:<36}" + "".join(f"{'never' if seconds is None else f'{seconds:.0f}':>18}" for seconds in times))
    draw(rows).savefig(path.with_suffix(".png"), dpi=100)


def first_below(rows, limit):
    """Seconds at which digit_fid first was at most `limit`, or None."""
    return next((row["seconds"] for row in rows if row["digit_fid"] <= limit), None)


def draw(rows):
    """digit_fid in floors against seconds, both axes logarithmic: a figure."""
    fig = Figure(figsize=(8, 4.5), layout="constrained")
    ax = fig.subplots()
    for number, name in enumerate(PICTURE):
        chosen = tables.where(rows, name=name)
        ax.plot([row["seconds"] for row in chosen], [row["digit_fid"] / row["floor"] for row in chosen],
                label=name, **({"lw": 2.5} if number < 3 else {"lw": 1, "ls": "--"}))
    ax.set(xscale="log", yscale="log", xlabel="seconds of training", ylabel="digit_fid, times the floor")
    ax.legend(frameon=False, fontsize=8, ncols=2)
    return fig


def try_one(words):
    """One short race with the changes that `words` name, such as "r1=1"; seconds and seed may be named too."""
    changes = {}
    for word in words:
        key, _, text = word.partition("=")
        if key not in KEPT and key not in ("seconds", "seed"):
            raise SystemExit(f"there is no setting {key}; there are {', '.join(KEPT)}, seconds, seed")
        changes[key] = tables._parse(text)
    seconds, seed = changes.pop("seconds", 100), changes.pop("seed", 0)
    name = ", ".join(f"{key}={value}" for key, value in changes.items()) or "kept"
    run(FOLDER / "race_tried.csv", name, changes, seed, (seconds,), reference="validation")


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks.race", description=__doc__.split("\n")[0])
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
