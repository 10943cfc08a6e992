"""Typical wrong answers to each exercise, with a part of the hint that each must get.

{lesson: {cell id of the exercise: [(what is changed in the solution, part of the hint), …]}}
A change is (old, new), several of them one after the other. An old of "" stands for the whole
solution.
"""

SCALE = "(pixels.float() / 255 - 0.5) / 0.5"
STABLE = "(scores.abs() - scores) / 2 + torch.log1p(torch.exp(-scores.abs()))"
D_LOSS = "F.softplus(-D(real)).mean() + F.softplus(D(fake)).mean()"
PLANES = "F.one_hot(labels, 10).float()[:, :, None, None].expand(-1, -1, *images.shape[2:])"
EPSILON = "torch.rand(len(real), *[1] * (real.ndim - 1))"
LENGTHS = "torch.linalg.vector_norm(gradients.flatten(1), dim=1)"
CLIP = "for parameter in critic.parameters():\n            parameter.clamp_(-c, c)"
BEST = "statistics.mean(min(choice) for choice in itertools.combinations(distances, k))"

MUTANTS = {
    "00_the_game": {
        "exercise-1": [
            (
                [
                    (
                        "        y = y + step * x\n        x = x - step * y\n",
                        "        x, y = x - step * y, y + step * x\n",
                    )
                ],
                "x sees the y that has just moved",
            ),
            (
                [
                    (
                        "        y = y + step * x\n        x = x - step * y\n",
                        "        x = x - step * y\n        y = y + step * x\n",
                    )
                ],
                "D's y first",
            ),
            ([("y + step * x", "y - step * x")], "y wants x·y large"),
            ([("x - step * y", "x + step * y")], "x wants x·y small"),
            ([("step * ", "")], "multiply each gradient by step"),
            ([("range(rounds)", "range(rounds + 1)")], "counts from 0"),
            ([("range(rounds)", "range(1)")], "no round more"),
            ([("range(rounds)", "range(min(rounds, 1))")], "a loop over range(rounds)"),
            ([("return x, y", "return [(x, y)]")], "return x, y: one point"),
        ],
        "exercise-2": [
            ([("int((held >= len(points) / 100).sum())", "int(held.sum())")], "count centres"),
            ([("held >= len(points) / 100", "held > 0")], "one in a hundred of all points"),
            ([("held >= ", "held > ")], ">= and not >"),
            (
                [
                    (
                        "torch.cdist(points, centres) <= reach",
                        "torch.cdist(points, centres) "
                        "== torch.cdist(points, centres).min(1, keepdim=True).values",
                    )
                ],
                "the nearest cloud may be far away",
            ),
            (
                [
                    (
                        "torch.cdist(points, centres) <= reach",
                        "torch.cdist(points, centres).square() <= reach",
                    )
                ],
                "not their squares",
            ),
            (
                [("torch.cdist(points, centres)", "torch.cdist(points, centres, p=float('inf'))")],
                "√(a² + b²)",
            ),
            (
                [("int((held >= len(points) / 100).sum())", "held >= len(points) / 100")],
                "sum once more",
            ),
            ([("len(points) / 100", "3")], "one in a hundred of N points, whatever N is"),
        ],
        "exercise-3": [
            (
                [
                    (
                        "",
                        "def jensen_shannon(real_counts, fake_counts):\n"
                        "    p, q = real_counts / real_counts.sum(), "
                        "fake_counts / fake_counts.sum()\n"
                        "    return (p * (p / q).log()).sum()\n",
                    )
                ],
                "compare p and q with their mean",
            ),
            ([("q, m)).sum()) / 2", "q, m)).sum())")], "half of each"),
            (
                [("q, m)).sum()) / 2", "q, m)).sum()) / 2 / torch.tensor(2.0).log()")],
                "natural logarithm",
            ),
            (
                [
                    (
                        "p, q = real_counts / real_counts.sum(), fake_counts / fake_counts.sum()",
                        "p, q = real_counts, fake_counts",
                    )
                ],
                "shares first",
            ),
            ([("m = (p + q) / 2", "m = p + q")], "half of p + q"),
            ([(" + (torch.xlogy(q, q) - torch.xlogy(q, m)).sum()", "")], "a second sum"),
            (
                [
                    ("torch.xlogy(p, p) - torch.xlogy(p, m)", "p * (p / m).log()"),
                    ("torch.xlogy(q, q) - torch.xlogy(q, m)", "q * (q / m).log()"),
                ],
                "torch.xlogy(p, p)",
            ),
            ([("return (", "return -(")], "not p log(m / p)"),
        ],
        "exercise-4": [
            ([("D(fakes).sum()", "D(fakes).mean()")], "the sum, not the mean"),
            ([("D(fakes).sum()", "-D(fakes).sum()")], "without a minus"),
            ([("D(fakes).sum()", "D(fakes).sigmoid().sum()")], "without a sigmoid"),
            ([("gradients, =", "gradients =")], "take the first"),
            (
                [
                    (
                        "gradients, = torch.autograd.grad(D(fakes).sum(), fakes)",
                        "D(fakes).sum().backward()\n    gradients = fakes.grad",
                    )
                ],
                "in place of .backward()",
            ),
            (
                [("return gradients", "return gradients / gradients.norm(dim=1, keepdim=True)")],
                "leave the length",
            ),
            (
                [("fakes.detach().requires_grad_()", "fakes.requires_grad_()")],
                "is another tensor",
            ),
            (
                [("fakes.detach().requires_grad_()", "fakes.detach()")],
                "Either no requires_grad_() stood before",
            ),
            ([("D(fakes).sum()", "D(fakes)")], ".sum() or .mean() first"),
            ([("return gradients", "return gradients.norm(dim=1)")], "which has their shape"),
        ],
    },
    "01_data_scaling": {
        "exercise-1": [
            ([(SCALE, "pixels.float() / 255")], "first of two steps"),
            ([(SCALE, "(pixels.float() - 0.5) / 0.5")], "divide by 255 first"),
            ([(SCALE, "(pixels.float() / 255 - 0.1307) / 0.3081")], "a classifier's scaling"),
            ([(SCALE, "(pixels - 127).float() / 128")], "bytes wrap around at 256"),
            ([(SCALE, "(pixels - 127) // 128")], "turn bytes into floats"),
            ([("float()", "double()")], "float32: use .float()"),
            ([("return", "result =")], "does every path end with `return`"),
        ],
        "exercise-2": [
            ([(".round()", "")], "Round first"),
            ([("127.5", "100")], "255 long"),
            ([(".to(torch.uint8)", "")], "a picture file holds bytes"),
            ([("(images + 1)", "images")], "add 1 before"),
            ([("(images + 1) *", "images.add_(1) *")], "or clone() first"),
        ],
        "exercise-3": [
            ([("/ 255", "/ 127.5 - 1")], "Which line is too many"),
            (
                [("transforms.Normalize((0.5,), (0.5,))(images)", "images")],
                "not scaled often enough",
            ),
            ([("images = images.unsqueeze(1)", "pass")], "keep unsqueeze"),
            ([("/ 255", "/ 127.5 - 1"), ("(images)", "(images).clamp(-1, 1)")], "clamping hides"),
        ],
        "exercise-4": [
            ([("high > 3", "high > 300")], "the brightest pixel first"),
            ([("low < -0.9", "high <= 1")], "no pixel is below 0"),
            ([("low < -0.9", "(low, high) == (-1, 1)")], "need not be 1 in every batch"),
            ([("low < -0.9", "low < 0")], "(0 - 0.1307) / 0.3081"),
            ([('return "bytes"', "return high")], "one of the four names"),
        ],
    },
    "02_classic_gan": {
        "exercise-1": [
            ([(".detach()", "")], "detach it"),
            (
                [(D_LOSS, "F.softplus(D(real)).mean() + F.softplus(-D(fake)).mean()")],
                "are the targets exchanged",
            ),
            ([("    opt_D.zero_grad()\n", "")], "gradients add up"),
            ([(D_LOSS, f"({D_LOSS}) / 2")], "without ½"),
            ([(D_LOSS, "F.softplus(-D(real)).mean()")], "both parts"),
            ([(D_LOSS, f"-({D_LOSS})")], "check the signs"),
            ([("    opt_D.step()\n", "")], "take its step"),
            ([("mean()", "sum()")], "take the mean over each batch"),
        ],
        "exercise-2": [
            ([("scores.reshape(targets.shape)", "scores")], "[3, 1] and [3] broadcast to [3, 3]"),
            ([(".mean()", ".sum()")], "the mean does not grow"),
            ([(".mean()", "")], "one number"),
            ([(".square()", ".abs()")], "(1² + 0² + 4²)"),
            (
                [("scores.reshape(targets.shape)", "scores.flatten()[:len(targets)]")],
                "do not stretch",
            ),
            ([("scores.reshape(targets.shape)", "scores.flatten()")], "do not stretch"),
        ],
        "exercise-3": [
            (
                [
                    (
                        "",
                        """
def algorithm_1(G, D, opt_G, opt_D, real, z_d, z_g):
    opt_G.zero_grad()
    F.softplus(-D(G(z_g))).mean().backward()
    opt_G.step()
    opt_D.zero_grad()
    (F.softplus(-D(real)).mean() + F.softplus(D(G(z_d).detach())).mean()).backward()
    opt_D.step()
""",
                    )
                ],
                "G then plays against the new D",
            ),
            ([("D(G(z_g))", "D(G(z_d))")], "draws new noise: use z_g"),
            ([("F.softplus(-D(G(z_g)))", "-F.softplus(D(G(z_g)))")], "minimax"),
            ([("F.softplus(-D(G(z_g)))", "F.softplus(D(G(z_g)))")], "mean of softplus(-score)"),
            ([("-D(G(z_g))", "-D(G(z_g).detach())")], "G's fake is not detached"),
            ([("d_loss.backward()", "(d_loss / 2).backward()")], "without ½"),
            ([("    opt_G.step()\n", "")], "its step: opt_G.step()"),
            ([("    opt_G.step()\n", "    opt_G.step()\n    opt_D.step()\n")], "opt_D steps once"),
            ([("    opt_D.zero_grad()\n", "")], "gradients of the first are still there"),
            ([("    opt_G.zero_grad()\n", "")], "gradients of the first are still there"),
        ],
        "exercise-4": [
            ([("    G.eval()\n", "")], "G.eval() first"),
            ([("    G.train(was_training)\n", "")], "put it back"),
            ([("G.train(was_training)", "G.train()")], "remember its .training"),
            ([("torch.no_grad()", "torch.enable_grad()")], "torch.no_grad()"),
            ([("    G.eval()\n", "    G(z)\n    G.eval()\n")], "before G sees anything"),
        ],
    },
    "03_how_good": {
        "exercise-1": [
            ([("[:, k]", "[:, k - 1]")], "the k-th *other* one"),
            ([("[:, k]", "[:, k + 1]")], "they reach to the k-th other point"),
            ([("<= radii", "< radii")], "<= and not <"),
            ([("torch.cdist(real, fake).amin(1)", "torch.cdist(real, fake).amax(1)")], "distance"),
            ([(".float().mean()", ".sum()")], "divide by how many there are"),
            ([("(real, real)", "(fake, fake)"), ("(real, fake)", "(fake, real)")], "around real"),
            (
                [
                    (".amin(1)", ""),
                    ("<= radii", "<= radii[:, None]"),
                    (".mean()", ".sum(1).mean()"),
                ],
                "one fake is enough",
            ),
            ([("[:, k]", "[:, 2]")], "k the argument"),
            ([("<= radii", "<= 1.01 * radii")], "without a margin"),
        ],
        "exercise-2": [
            ([("q[shown] * (", "-q[shown] * (")], "q log(q / p), and not"),
            ([(".log()", ".log2()")], "natural logarithms"),
            ([("    shown = q > 0\n", "    shown = q >= 0\n")], "such a class adds 0"),
            ([("shares[shown]).log()", "0.25).log()")], "p is the argument"),
            ([(" / len(labels)", "")], "divide the counts"),
            ([("q[shown] * (q[shown]", "(q[shown]")], "weighted with q"),
            ([(".sum()", ".mean()")], "the sum over the classes"),
            (
                [
                    (
                        "q[shown] * (q[shown] / shares[shown])",
                        "shares[shown] * (shares[shown] / q[shown])",
                    )
                ],
                "stand before the logarithm",
            ),
        ],
        "exercise-3": [
            ([(" + (a.std() - b.std()) ** 2", "")], "squared difference of the deviations"),
            ([("(a.mean() - b.mean()) ** 2 + ", "")], "squared difference of the means"),
            ([("std()", "var()")], "the root of the variance"),
            ([("std()", "std(correction=0)")], "by N - 1"),
            ([(" + (a", " - (a")], "the two parts are added"),
            ([("(a.std() - b.std()) ** 2", "a.var() + b.var()")], "are subtracted"),
            (
                [
                    (
                        "(a.mean() - b.mean()) ** 2 + (a.std() - b.std()) ** 2",
                        "((a.mean() - b.mean()) ** 2 + (a.std() - b.std()) ** 2).sqrt()",
                    )
                ],
                "no root",
            ),
            (
                [
                    (
                        "(a.mean() - b.mean()) ** 2 + (a.std() - b.std()) ** 2",
                        "(a.mean() - b.mean()).abs() + (a.std() - b.std()).abs()",
                    )
                ],
                "squared before",
            ),
        ],
    },
    "04_better_digits": {
        "exercise-1": [
            ([("weight / 2", "weight")], "half of the squared length"),
            ([("weight / 2 * ", "0.5 * ")], "the argument `weight`"),
            ([(".sum(1).mean()", ".sum()")], "the mean over the pictures"),
            ([(".square().flatten(1).sum(1)", ".flatten(1).norm(dim=1)")], "no root"),
            ([(".sum(1).mean()", ".mean()")], "over its pixels"),
            ([("D(real).sum()", "D(real).mean()")], "that of D(real).sum()"),
            ([(", create_graph=True", "")], "create_graph=True"),
            ([("real.detach().requires_grad_()", "real.requires_grad_()")], "another tensor"),
            ([("gradient.square()", "gradient.detach().square()")], "create_graph=True"),
            ([(".sum(1).mean()", ".sum(1).sum() / 3")], "no number of the batch"),
            ([("gradient.square()", "(gradient * gradient.detach())")], "a part of it is cut off"),
        ],
        "exercise-2": [
            ([("1 - decay", "decay")], "the share that *stays*"),
            ([("lerp_(new, 1 - decay)", "lerp(new, 1 - decay)")], "in place"),
            ([("mean.lerp_(new, 1 - decay)", "mean.copy_(new)")], "1 - decay of the way"),
            ([("mean.lerp_(new, 1 - decay)", "new.lerp_(mean, decay)")], "only `average` moves"),
            ([("mean.lerp_(new, 1 - decay)", "mean.mul_(decay)")], "add 1 - decay"),
            ([("mean.lerp_(new, 1 - decay)", "mean.add_(new, alpha=1 - decay)")], "shrinks to"),
            ([("1 - decay", "0.25")], "is decay the argument"),
            (
                [("zip(average.parameters(), net.parameters())", "[(average.weight, net.weight)]")],
                "bias",
            ),
            (
                [
                    (
                        "zip(average.parameters(), net.parameters())",
                        "[*zip(average.parameters(), net.parameters())][:2]",
                    )
                ],
                "over all .parameters()",
            ),
        ],
        "exercise-3": [
            ([("-by_theta, -by_psi", "by_theta, by_psi")], "minus the gradient"),
            ([("-by_theta, -by_psi", "-by_psi, -by_theta")], "then that of psi"),
            ([("g_loss(psi * theta)", "(-d_loss(psi, psi * theta))")], "has a loss of its own"),
            ([("g_loss(psi * theta)", "d_loss(psi, psi * theta)")], "take its gradient for theta"),
            ([("d_loss(psi, psi", "d_loss(0 * psi, psi")], "its score is psi · 1"),
            ([("d_loss(psi, psi * theta)", "g_loss(psi * theta)")], "follows `d_loss`"),
            ([(".sum()", ".mean()")], "no mean"),
            ([("psi)\n    return", "psi, create_graph=True)\n    return")], "create_graph=True"),
            ([("theta.detach()", "theta")], "another tensor"),
            (
                [("g_loss(psi * theta)", "torch.nn.functional.softplus(-psi * theta)")],
                "the functions `d_loss` and `g_loss`",
            ),
            ([("d_loss(psi, psi * theta)", "d_loss(psi * theta, psi)")], "stands in both scores"),
        ],
        "exercise-4": [
            ([("masked_fill", "masked_fill_")], "or clone() first"),
            ([("-1.0", "0.0")], "black is -1"),
            ([("(hole,", "(~hole,")], "turned round"),
            (
                [
                    ("rows[:, None, :, None]", "rows[:, None, None]"),
                    ("columns[:, None, None, :]", "columns[:, None, :, None]"),
                ],
                "counts its rows",
            ),
            ([("at < ", "at <= ")], "without the last"),
            ([("rows[:, None])", "rows[:1, None])")], "and not rows 5–10"),
            ([("+ size", "+ 6")], "the argument `size`"),
            ([("images.masked_fill", "images.detach().masked_fill")], "no .detach()"),
            ([("(hole,", "(hole.any(0, keepdim=True),")], "for each picture"),
        ],
    },
    "05_generator_losses": {
        "exercise-1": [
            (
                [
                    (
                        "F.softplus(-real_scores).mean() + F.softplus(fake_scores).mean()",
                        "F.softplus(real_scores).mean() + F.softplus(-fake_scores).mean()",
                    )
                ],
                "D wants high scores for real",
            ),
            (
                [
                    (
                        "0.5 * (real_scores - 1).square().mean() + 0.5 *",
                        "(real_scores - 1).square().mean() + 1.0 *",
                    )
                ],
                "both squares carry a factor ½",
            ),
            (
                [
                    (
                        "fake_scores.mean() - real_scores.mean()",
                        "real_scores.mean() - fake_scores.mean()",
                    )
                ],
                "every loss is minimised",
            ),
            ([("mean()", "sum()")], "take the mean over each batch"),
            ([("fake_scores.mean() - real_scores.mean()", "fake_scores.mean()")], "term by term"),
            ([('"Wasserstein"', '"wasserstein"')], "it has these three"),
            ([("F.softplus(-real_scores)", "-real_scores.sigmoid().log()")], "no log of a sigmoid"),
            (
                [("F.softplus(fake_scores)", "-(1 - fake_scores.sigmoid()).log()")],
                "no log of a sigmoid",
            ),
            (
                [("F.softplus(-real_scores)", "-(real_scores.sigmoid() + 1e-8).log()")],
                "keeps the error",
            ),
            (
                [
                    (
                        "fake_scores.mean() - real_scores.mean()",
                        "(fake_scores.mean() - real_scores.mean()).detach()",
                    )
                ],
                "no .detach()",
            ),
        ],
        "exercise-2": [
            (
                [
                    (
                        "fake_scores.mean() - real_scores.mean()",
                        "real_scores.mean() - fake_scores.mean()",
                    )
                ],
                "D wants real up",
            ),
            (
                [
                    (
                        "fake_scores.mean() - real_scores.mean()",
                        "real_scores.mean() - fake_scores.mean()",
                    ),
                    ("g_loss = -", "g_loss = "),
                ],
                "turn both",
            ),
            ([("g_loss = -", "g_loss = ")], "a minus sign"),
            ([("g_loss = -fake_scores", "g_loss = -fake_scores.detach()")], "no .detach()"),
            (
                [("d_loss = fake_scores", "d_loss = fake_scores.detach()")],
                "a part of it is cut off",
            ),
            ([("return d_loss, g_loss", "return d_loss")], "return d_loss, g_loss"),
            ([("g_loss = -fake_scores.mean()", "g_loss = -fake_scores")], "single numbers"),
            (
                [("fake_scores.mean() - real_scores.mean()", "-real_scores.mean()")],
                "mean of fake minus mean of real",
            ),
            (
                [
                    (
                        "g_loss = -fake_scores.mean()",
                        "g_loss = real_scores.mean() - fake_scores.mean()",
                    )
                ],
                "nothing else",
            ),
        ],
        "exercise-3": [
            ([(STABLE, "-torch.log(torch.sigmoid(scores))")], "exponential of -|s| only"),
            ([(STABLE, "torch.log(1 + torch.exp(-scores))")], "exponential of -|s| only"),
            ([(STABLE, "-torch.log(torch.sigmoid(scores) + 1e-8)")], "keeps the error"),
            ([("abs() - scores", "abs() + scores")], "look at the sign"),
            (
                [
                    (
                        STABLE,
                        "F.binary_cross_entropy(scores.sigmoid(), torch.ones_like(scores), "
                        "reduction='none')",
                    )
                ],
                "keeps the error",
            ),
            (
                [
                    (
                        STABLE,
                        "torch.where(scores > 0, torch.log1p(torch.exp(-scores)), "
                        "torch.log1p(torch.exp(scores)) - scores)",
                    )
                ],
                "torch.where computes both branches",
            ),
            ([(STABLE, f"({STABLE}).mean()")], "one number for each score"),
            ([(STABLE, f"({STABLE}).detach() + 0 * scores")], "no .detach()"),
            ([("torch.log1p(", "torch.log(1 + ")], "log1p(x) does not"),
            ([(" + torch.log1p(torch.exp(-scores.abs()))", "")], "0.474"),
        ],
        "exercise-4": [
            ([("(weights * each).sum() / weights.sum()", "each.mean()")], 'reduction="none" first'),
            (
                [("(weights * each).sum() / weights.sum()", "(weights * each).mean()")],
                "must be as if the score",
            ),
            ([(" / weights.sum()", "")], "divide by the sum"),
            ([("(weights * each).sum() / weights.sum()", "weights * each")], "sum up, then divide"),
        ],
    },
    "06_label_smoothing": {
        "exercise-1": [
            ([("torch.ones(n) * 0.9", "torch.ones(n)")], "one factor is missing"),
            ([("torch.zeros(n)", "torch.full((n,), 0.1)")], "fakes keep 0"),
            ([("torch.ones(n) * 0.9", "torch.ones(n, 1) * 0.9")], "not [n, 1]"),
            ([("torch.zeros(n)", "torch.zeros(n).long()")], "float32"),
            ([(" if real else torch.zeros(n)", "")], "look at `real`"),
            ([("0.9", "1.1")], "0.9, each of them"),
        ],
        "exercise-2": [
            ([("real.mean() < 1", "(real < 1).all()")], "the loss sees the mean"),
            ([(" and fake.mean() == 0", "")], "its fakes have the target 0.1"),
            ([("fake.mean()", "fake[0]")], "look at all of them"),
            ([("real.mean() < 1", "real[0] < 1")], "what counts is the mean"),
            ([("real.mean() < 1 and ", "")], "not smoothed at all"),
            ([("[name for", "{name for"), ("== 0]", "== 0}")], "a list of names"),
        ],
        "exercise-3": [
            ([(" / a", "")], "turn that round"),
            ([("/ a", "* a")], "divide"),
            ([(".clamp(max=1)", "")], "clamp"),
            ([("scores.sigmoid()", "scores")], "not the score"),
            ([("/ a", "/ 0.8")], "use a"),
            ([("scores.sigmoid() / a", "scores.sigmoid() / a ** 2")], "0.625"),
        ],
        "exercise-4": [
            ([(" / (1 - p)", "")], "is not scaled"),
            ([(">= p", "< p")], "p is the probability of being dropped"),
            ([("    if not training:\n        return x\n", "")], "comes back as it is"),
            ([("torch.rand_like(x)", "torch.rand(len(x), 1)")], "a draw of its own"),
            ([("torch.rand_like(x)", "torch.rand(x.shape[1])")], "a draw of its own"),
            ([("/ (1 - p)", "/ p")], "by 1 / (1 - p)"),
            ([("    kept =", "    torch.manual_seed(0)\n    kept =")], "a seed inside"),
            (
                [("    return x * kept / (1 - p)", "    x *= kept / (1 - p)\n    return x")],
                "or clone() first",
            ),
        ],
    },
    "07_ten_logits": {
        "exercise-1": [
            ([(".sigmoid()", "")], "σ of it"),
            (
                [("logits.logsumexp(1).sigmoid()", "1 - logits.logsumexp(1).sigmoid()")],
                "1 minus that",
            ),
            (
                [
                    (
                        "logits.logsumexp(1).sigmoid()",
                        "logits.exp().sum(1) / (1 + logits.exp().sum(1))",
                    )
                ],
                "logsumexp",
            ),
            (
                [("logits.logsumexp(1).sigmoid()", "logits.exp().sum(1).log().sigmoid()")],
                "the gradient does not",
            ),
            (
                [("logits.logsumexp(1).sigmoid()", "1 - 1 / (1 + logits.exp().sum(1))")],
                "the gradient does not",
            ),
            (
                [("logits.logsumexp(1).sigmoid()", "logits.softmax(1).max(1).values")],
                "how sure D is of a class",
            ),
            ([("logsumexp(1)", "logsumexp(0)")], "sum over dimension 1"),
            ([("logits.logsumexp(1).sigmoid()", "logits.mean(1).sigmoid()")], "Z / (Z + 1)"),
        ],
        "exercise-2": [
            ([("fake_logits.shape[1] - 1)", "0)")], "a class of their own"),
            ([("fake_logits.shape[1] - 1)", "10)")], "not always ten classes"),
            ([("fake_logits.shape[1] - 1)", "fake_logits.shape[1] - 2)")], "the last one is K"),
            ([(" + F.cross_entropy(fake_logits, fake)", "")], "a second cross-entropy"),
            (
                [
                    (
                        "F.cross_entropy(fake_logits, fake)",
                        "(fake_logits.logsumexp(1) - fake_logits.mean(1)).mean()",
                    )
                ],
                "that class",
            ),
            (
                [("F.cross_entropy(fake_logits, fake)", "F.cross_entropy(fake_logits, labels)")],
                "the recipe of section 3",
            ),
            ([("return F.cross_entropy(real_logits, labels) +", "return")], "both parts"),
        ],
        "exercise-3": [
            ([("net(images)", "net(images).softmax(1)")], "wants raw logits"),
            (
                [
                    (
                        "F.cross_entropy(net(images), labels)",
                        "F.nll_loss(net(images).softmax(1), labels)",
                    )
                ],
                "nll_loss wants log_softmax",
            ),
            (
                [
                    (
                        "F.cross_entropy(net(images), labels)",
                        "F.nll_loss(net(images).softmax(1).log(), labels)",
                    )
                ],
                "no log of a softmax",
            ),
            ([("F.cross_entropy", "-F.cross_entropy")], "check the sign"),
            (
                [
                    (
                        "F.cross_entropy(net(images), labels)",
                        "F.nll_loss(net(images).softmax(1).clamp(min=1e-12).log(), labels)",
                    )
                ],
                "keeps the error",
            ),
            ([("labels)\n", 'labels, reduction="none")\n')], "the mean over the batch"),
        ],
        "exercise-4": [
            (
                [
                    (
                        "-logits.log_softmax(1).mean()",
                        "-(logits.softmax(1) * logits.log_softmax(1)).sum(1).mean()",
                    )
                ],
                "weigh each class with 1/K",
            ),
            ([("-logits", "logits")], "minus the mean"),
            ([("log_softmax(1)", "log_softmax(0)")], "dimension 1 holds the classes"),
            ([(".mean()", ".sum(1).mean()")], "1/K"),
            ([(".log_softmax(1)", ".softmax(1).log()")], "log_softmax"),
            ([(".log_softmax(1)", ".softmax(1).clamp(min=1e-12).log()")], "keeps the error"),
            ([(".mean()", ".mean(1)")], "one number: the mean over the batch"),
            (
                [
                    (
                        "-logits.log_softmax(1).mean()",
                        "-logits.log_softmax(1).mean() - torch.tensor(3.0).log()",
                    )
                ],
                "the cross-entropy is log K more",
            ),
        ],
    },
    "08_conditional_gan": {
        "exercise-1": [
            (
                [
                    (
                        "one_hot[:, :, None, None].expand(-1, -1, height, width)",
                        "one_hot.repeat(1, height * width).view(-1, 10, height, width)",
                    )
                ],
                "add two dimensions at the end",
            ),
            (
                [("expand(-1, -1, height, width)", "expand(-1, -1, width, height)")],
                "[B, 10, height, width]",
            ),
            (
                [("expand(-1, -1, height, width)", "expand(-1, -1, 28, 28)")],
                "[B, 10, height, width]",
            ),
            ([(".expand(-1, -1, height, width)", "")], "then stretched"),
            ([("return one_hot", "return 1 - one_hot")], "plane k is 1 where the label is k"),
            (
                [("return one_hot[", "return F.one_hot(one_hot.argmax(1), 10).float()[")],
                "do not look for the 1",
            ),
            ([("return one_hot[", "return one_hot.flip(1)[")], "plane k is one_hot[:, k]"),
        ],
        "exercise-2": [
            (
                [(PLANES, "labels.view(-1, 1, 1, 1).expand(-1, 1, *images.shape[2:])")],
                "ten planes: F.one_hot",
            ),
            ([("labels, 10", "labels")], "when a batch has no 9"),
            ([("[images, planes], 1", "[planes, images], 1")], "the picture first"),
            ([("[images, planes], 1", "[planes], 1")], "is the picture missing"),
            ([(".float()[", ".double()[")], "like the pictures: .float()"),
            (
                [
                    (
                        "F.one_hot(labels, 10).float()",
                        "(F.one_hot(labels, 10) * labels[:, None]).float()",
                    )
                ],
                "whichever it is",
            ),
            (
                [
                    (
                        PLANES,
                        "F.one_hot(labels, 10).float().repeat(1, 24)"
                        ".view(-1, 10, *images.shape[2:])",
                    )
                ],
                "the bug of exercise 1",
            ),
        ],
        "exercise-3": [
            ([("0.5 * fakes", "fakes")], "would count twice"),
            ([("F.softplus(wrong_scores).mean() + ", "")], "three terms"),
            (
                [("F.softplus(wrong_scores)", "F.softplus(-wrong_scores)")],
                "as a pair they are fake",
            ),
            (
                [
                    ("-real_scores", "real_scores"),
                    ("F.softplus(wrong", "F.softplus(-wrong"),
                    ("F.softplus(fake", "F.softplus(-fake"),
                ],
                "scores of real pairs up",
            ),
            (
                [
                    (
                        "F.softplus(wrong_scores).mean() + F.softplus(fake_scores).mean()",
                        "2 * F.softplus(torch.cat([wrong_scores, fake_scores])).mean()",
                    )
                ],
                "a mean of each",
            ),
            ([("mean()", "sum()")], "the mean of each set"),
            ([("F.softplus(-real_scores)", "-real_scores.sigmoid().log()")], "no log of a sigmoid"),
            (
                [("F.softplus(-real_scores)", "-(real_scores.sigmoid() + 1e-12).log()")],
                "no log of a sigmoid",
            ),
            ([("return ", "return -("), ("0.5 * fakes", "0.5 * fakes)")], "never negative"),
            (
                [("mean() + 0.5 * fakes", "mean() + 0.5 * fakes.item()")],
                "no .detach(), no .item()",
            ),
        ],
        "exercise-4": [
            (
                [("(read[wanted == digit] == digit)", "(wanted[read == digit] == digit)")],
                "choose by wanted",
            ),
            ([(".float().mean()", ".float().sum()")], "these are counts"),
            ([(".float().mean()", ".float().sum() / len(read)")], "the shares are of all pictures"),
            ([(".float().mean()", ".float().mean().nan_to_num()")], "nothing of nothing"),
            ([("range(10)", "wanted.unique()")], "ten shares, one for each digit"),
            ([("torch.stack(", "list(")], "around the list"),
            (
                [
                    (
                        "(read[wanted == digit] == digit).float().mean()",
                        "((read == wanted) & (wanted == digit)).float().sum() "
                        "/ (wanted == digit).sum().clamp(min=1)",
                    )
                ],
                "nothing of nothing",
            ),
            (
                [
                    (
                        "torch.stack([(read[wanted == digit] == digit).float().mean() "
                        "for digit in range(10)])",
                        "(read == wanted).float().mean()",
                    )
                ],
                "ten shares",
            ),
        ],
    },
    "09_wasserstein": {
        "exercise-1": [
            (
                [
                    (
                        "fake_scores.mean() - real_scores.mean()",
                        "real_scores.mean() - fake_scores.mean()",
                    )
                ],
                "a loss is minimised",
            ),
            ([("generator_loss = -fake", "generator_loss = fake")], "G wants high marks"),
            (
                [
                    (
                        "generator_loss = -fake_scores.mean()",
                        "generator_loss = real_scores.mean() - fake_scores.mean()",
                    )
                ],
                "only the fakes count",
            ),
            (
                [
                    (
                        "fake_scores.mean() - real_scores.mean()",
                        "fake_scores.mean() + real_scores.mean()",
                    )
                ],
                "one of the two means has to go up",
            ),
            (
                [
                    (
                        "fake_scores.mean() - real_scores.mean()",
                        "fake_scores.sum() - real_scores.sum()",
                    )
                ],
                "so that batches of any size agree",
            ),
            (
                [("critic_loss = fake_scores.mean()", "critic_loss = fake_scores.detach().mean()")],
                "a part of it is cut off",
            ),
            (
                [("fake_scores.mean() - real_scores.mean()", "(fake_scores - real_scores.mean())")],
                "the mean over the batch",
            ),
            (
                [("return critic_loss, generator_loss", "return critic_loss + generator_loss")],
                "then the generator's",
            ),
            (
                [
                    (
                        "return critic_loss, generator_loss",
                        "return critic_loss, generator_loss.detach()",
                    )
                ],
                "no .detach()",
            ),
        ],
        "exercise-2": [
            ([("(a.sort().values - b.sort().values)", "(a - b)")], "sort both first"),
            ([("b.sort().values", "b")], "both have to be in order"),
            ([("b.sort()", "b.sort(descending=True)")], "smallest to smallest"),
            ([(".mean()", ".sum()")], "the mean, not the sum"),
            ([(".abs()", ".square()")], "the cost is the distance itself"),
            ([(".abs().mean()", ".square().mean().sqrt()")], "the cost is the distance itself"),
            ([(".abs().mean()", ".mean().abs()")], "abs before the mean"),
            ([(".abs().mean()", ".mean()")], "abs before the mean"),
            (
                [
                    (
                        "(a.sort().values - b.sort().values).abs().mean()",
                        "torch.cdist(a[:, None], b[:, None]).min(1).values.mean()",
                    )
                ],
                "each hole takes one heap",
            ),
            ([("a.sort()", "a.detach().sort()")], "no gradient reaches `a`"),
            ([(".abs().mean()", ".abs()")], "the mean over the heaps"),
        ],
        "exercise-3": [
            ([(EPSILON, "torch.rand_like(real)")], "not rand_like"),
            ([("torch.rand(", "torch.randn(")], "torch.randn is normal"),
            ([(EPSILON, "torch.rand(1)")], "one for each image"),
            ([(EPSILON, "torch.rand(len(real), 1, 1, 1)")], "as many dimensions as the images"),
            ([(EPSILON, "torch.rand(len(real))")], "as many dimensions as the images"),
            (
                [("(1 - epsilon) * fake", "(1 - epsilon) * fake.flip(0)")],
                "image 0 belongs to fake 0",
            ),
            ([("(1 - epsilon) * fake", "epsilon * fake")], "the two shares add up to 1"),
            (
                [(EPSILON, "torch.rand(len(real), *[1] * (real.ndim - 1)) / 2")],
                "without another function on top",
            ),
            (
                [(EPSILON, "torch.full([len(real)] + [1] * (real.ndim - 1), 0.5)")],
                "one for each image",
            ),
        ],
        "exercise-4": [
            ([("dim=1", "dim=0")], "one length per image: dimension 1"),
            ([(", dim=1", "")], "one length per image: dimension 1"),
            ([("weight * ", "")], "weight times the mean"),
            ([(".mean()", ".sum()")], "so that batches of any size agree"),
            ([(".square()", ".abs()")], "the square of (length"),
            ([(LENGTHS, "gradients.flatten(1).square().sum(1)")], "the length, not its square"),
            ([("dim=1", "ord=1, dim=1")], "the Euclidean norm"),
            (
                [(LENGTHS, "gradients.flatten(1).square().sum(1).sqrt()")],
                "torch.linalg.vector_norm",
            ),
            ([("gradients.flatten(1)", "gradients")], "flatten(1) first"),
            ([("(lengths - 1)", "lengths")], "the 1 is missing"),
            ([("(lengths - 1)", "(lengths - 1).clamp(min=0)")], "lengths below 1 cost too"),
            (
                [("(lengths - 1).square().mean()", "(lengths.mean() - 1).square()")],
                "the mean comes after the square",
            ),
            ([("gradients.flatten(1)", "gradients.detach().flatten(1)")], "no .detach()"),
            (
                [(LENGTHS, "gradients.flatten(1).square().sum(1).clamp(min=1.0).sqrt()")],
                "lengths below 1 cost too",
            ),
        ],
        "exercise-5": [
            ([("clamp_", "clamp")], "clamp_ works in place"),
            ([("parameter.clamp_(-c, c)", "parameter.clamp_(max=c)")], "has two"),
            ([("parameter.clamp_(-c, c)", "parameter.clamp_(min=-c)")], "has two"),
            (
                [
                    (
                        "for parameter in critic.parameters():\n            parameter",
                        "for name, parameter in critic.named_parameters():\n"
                        '            if "bias" not in name: parameter',
                    )
                ],
                "critic.parameters() has them all",
            ),
            ([("(-c, c)", "(-0.01, 0.01)")], "use c"),
            (
                [("parameter.clamp_(-c, c)", "parameter.mul_(c / parameter.abs().max())")],
                "no scaling",
            ),
            (
                [
                    (
                        CLIP,
                        "for layer in critic:\n"
                        "            for parameter in layer.parameters(recurse=False):\n"
                        "                parameter.clamp_(-c, c)",
                    )
                ],
                "reaches every layer",
            ),
            (
                [
                    (
                        CLIP,
                        "for m in critic.modules():\n"
                        "            for n, p in list(m.named_parameters(recurse=False)):\n"
                        "                setattr(m, n, torch.nn.Parameter(p.clamp(-c, c)))",
                    )
                ],
                "the optimiser still holds the old",
            ),
            (
                [
                    (
                        "            parameter.clamp_(-c, c)",
                        "            parameter.requires_grad_(False).clamp_(-c, c)",
                    )
                ],
                "put it back at the end",
            ),
            ([("with torch.no_grad():", "if True:")], "only under torch.no_grad()"),
            (
                [
                    (
                        "in critic.parameters():",
                        "in filter(torch.is_floating_point, critic.state_dict().values()):",
                    )
                ],
                "parameters only",
            ),
        ],
    },
    "10_fair_comparison": {
        "exercise-1": [
            ([("statistics.median(", "min(")], "compare the medians, not the lowest values"),
            ([("statistics.median(", "statistics.mean(")], "which one bad run hardly moves"),
            ([("statistics.median(", "max(")], "the rule was the median"),
            (
                [("statistics.median(", "statistics.median_high(")],
                "of two numbers the median is their mean",
            ),
            (
                [("statistics.median(", "statistics.median_low(")],
                "of two numbers the median is their mean",
            ),
            ([("return min(tries", "return max(tries")], "a distance is better when it is low"),
            (
                [
                    (
                        "math.inf if math.isnan(value) else value for value in values",
                        "value for value in values if not math.isnan(value)",
                    )
                ],
                "count NaN as math.inf",
            ),
            ([("math.inf if math.isnan", "0.0 if math.isnan")], "count NaN as math.inf"),
            (
                [
                    (
                        "return min(tries, key=lambda rate: middle(tries[rate]))",
                        "return min(middle(found) for found in tries.values())",
                    )
                ],
                "the rate, not its distance",
            ),
        ],
        "exercise-2": [
            ([("2 * sum", "sum")], "b could have been lower five times as well"),
            ([("m = min(wins, n - wins)", "m = n - wins")], "count the rarer of the two outcomes"),
            ([("for k in range(m + 1)", "for k in (m,)")], "four wins or five"),
            ([(" if x != y", "")], "a tie says nothing"),
            (
                [
                    (
                        "min(1.0, 2 * sum(math.comb(n, k) for k in range(m + 1)) / 2**n)",
                        "2 * sum(math.comb(n, k) for k in range(m + 1)) / 2**n",
                    )
                ],
                "a probability is at most 1",
            ),
            (
                [
                    (
                        "return min(1.0, 2 * sum(math.comb(n, k) for k in range(m + 1)) / 2**n)",
                        "return wins",
                    )
                ],
                "by coin tosses",
            ),
        ],
        "exercise-3": [
            (
                [("max(a[judge]) < min(b[judge])", "sum(a[judge]) < sum(b[judge])")],
                "compare the ranges",
            ),
            (
                [
                    (
                        "max(a[judge]) < min(b[judge])",
                        "all(x < y for x, y in zip(a[judge], b[judge]))",
                    )
                ],
                "do not rely on pairs",
            ),
            ([("if all(max(a", "if any(max(a")], "every judge has to agree"),
            (
                [("max(b[judge]) < min(a[judge]) for judge in a", "False for judge in a")],
                "low is better, for b as well",
            ),
            ([("max(a[judge]) < min(b[judge])", "max(a[judge]) <= min(b[judge])")], "< and not <="),
            (
                [("max(a[judge]) < min(b[judge])", "min(a[judge]) > max(b[judge])")],
                "a's highest is below b's lowest",
            ),
        ],
        "exercise-4": [
            ([("min(choice)", "max(choice)")], "low is better: min"),
            ([(BEST, "min(distances)")], "the best of k runs, not of all"),
            ([(BEST, "statistics.mean(distances)")], "the lowest of each choice, then the mean"),
            (
                [("combinations(distances, k)", "product(distances, repeat=k)")],
                "picks each run once",
            ),
            ([(BEST, "statistics.mean(sorted(distances)[:k])")], "the lowest of each choice of k"),
            ([("distances, k))", "distances, 2))")], "itertools.combinations(distances, k)"),
            (
                [("combinations(distances, k)", "combinations(sorted(set(distances)), k)")],
                "no set()",
            ),
        ],
    },
}


def mutate(solution, changes):
    for old, new in changes:
        assert old in solution, old
        solution = solution.replace(old, new) if old else new
    return solution
