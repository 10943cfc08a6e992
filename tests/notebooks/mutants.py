"""Typical wrong answers to each exercise, with a part of the hint that each must get.

{lesson: {cell id of the exercise: [(what is changed in the solution, part of the hint), …]}}
A change is (old, new), several of them one after the other. An old of "" stands for the whole solution.
"""

SCALE = "(pixels.float() / 255 - 0.5) / 0.5"
STABLE = "(scores.abs() - scores) / 2 + torch.log1p(torch.exp(-scores.abs()))"
D_LOSS = "F.softplus(-D(real)).mean() + F.softplus(D(fake)).mean()"

MUTANTS = {
    "01_data_scaling": {
        "exercise-1": [
            ([(SCALE, "pixels.float() / 255")], "first of two steps"),
            ([(SCALE, "(pixels.float() - 0.5) / 0.5")], "divide by 255 first"),
            ([(SCALE, "(pixels.float() / 255 - 0.1307) / 0.3081")], "a classifier's scaling"),
            ([(SCALE, "(pixels - 127).float() / 128")], "0 must become exactly -1"),
            ([(SCALE, "(pixels - 127) // 128")], "turn bytes into floats"),
            ([("float()", "double()")], "float32: use .float()"),
            ([("return", "result =")], "does every path end with `return`"),
        ],
        "exercise-2": [
            ([(".round()", "")], "Round first"),
            ([("127.5", "100")], "255 long"),
            ([(".to(torch.uint8)", "")], "a picture file holds bytes"),
            ([("(images + 1)", "images")], "add 1 before"),
            ([("(images + 1) *", "images.add_(1) *")], "do not work in place"),
        ],
        "exercise-3": [
            ([("/ 255", "/ 127.5 - 1")], "Which line is too many"),
            ([("transforms.Normalize((0.5,), (0.5,))(images)", "images")], "not scaled often enough"),
            ([("images = images.unsqueeze(1)", "pass")], "keep unsqueeze"),
            ([("/ 255", "/ 127.5 - 1"), ("(images)", "(images).clamp(-1, 1)")], "clamping hides"),
        ],
        "exercise-4": [
            ([("high > 3", "high > 300")], "largest pixel first"),
            ([("low < -0.9", "high <= 1")], "no pixel is below 0"),
            ([("low < -0.9", "(low, high) == (-1, 1)")], "need not be 1 in every batch"),
            ([("low < -0.9", "low < 0")], "(0 - 0.1307) / 0.3081"),
            ([('return "bytes"', "return high")], "one of the four names"),
        ],
    },
    "02_classic_gan": {
        "exercise-1": [
            ([(".detach()", "")], "detach it"),
            ([(D_LOSS, "F.softplus(D(real)).mean() + F.softplus(-D(fake)).mean()")], "are the targets exchanged"),
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
            ([(".square()", ".abs()")], "(0² + 1² + 4²)"),
            ([("scores.reshape(targets.shape)", "scores.flatten()[:len(targets)]")], "do not stretch"),
            ([("scores.reshape(targets.shape)", "scores.flatten()")], "do not stretch"),
        ],
        "exercise-3": [
            ([("", """
def algorithm_1(G, D, opt_G, opt_D, real, z_d, z_g):
    opt_G.zero_grad()
    F.softplus(-D(G(z_g))).mean().backward()
    opt_G.step()
    opt_D.zero_grad()
    (F.softplus(-D(real)).mean() + F.softplus(D(G(z_d).detach())).mean()).backward()
    opt_D.step()
""")], "G then plays against the new D"),
            ([("D(G(z_g))", "D(G(z_d))")], "draws new noise: use z_g"),
            ([("F.softplus(-D(G(z_g)))", "-F.softplus(D(G(z_g)))")], "minimax"),
            ([("F.softplus(-D(G(z_g)))", "F.softplus(D(G(z_g)))")], "mean of softplus(-score)"),
            ([("-D(G(z_g))", "-D(G(z_g).detach())")], "is G's fake not detached"),
            ([("d_loss.backward()", "(d_loss / 2).backward()")], "which is that of exercise 1"),
            ([("    opt_G.step()\n", "")], "is opt_G.step() there"),
            ([("    opt_G.step()\n", "    opt_G.step()\n    opt_D.step()\n")], "opt_D steps once"),
            ([("    opt_D.zero_grad()\n", "")], "gradients of the first are still there"),
            ([("    opt_G.zero_grad()\n", "")], "gradients of the first are still there"),
        ],
        "exercise-4": [
            ([("    G.eval()\n", "")], "G.eval() first"),
            ([("    G.train(was_training)\n", "")], "put it back"),
            ([("G.train(was_training)", "G.train()")], "remember G.training"),
            ([("torch.no_grad()", "torch.enable_grad()")], "torch.no_grad()"),
            ([("    G.eval()\n", "    G(z)\n    G.eval()\n")], "goes on counting"),
        ],
    },
    "03_generator_losses": {
        "exercise-1": [
            ([("F.softplus(-real_scores).mean() + F.softplus(fake_scores).mean()",
               "F.softplus(real_scores).mean() + F.softplus(-fake_scores).mean()")], "D wants high scores for real"),
            ([("0.5 * (real_scores - 1).square().mean() + 0.5 *", "(real_scores - 1).square().mean() + 1.0 *")],
             "both squares carry a factor ½"),
            ([("fake_scores.mean() - real_scores.mean()", "real_scores.mean() - fake_scores.mean()")],
             "every loss is minimised"),
            ([("mean()", "sum()")], "take the mean over each batch"),
            ([("fake_scores.mean() - real_scores.mean()", "fake_scores.mean()")], "term by term"),
            ([('"Wasserstein"', '"wasserstein"')], "a dict with the keys"),
            ([("F.softplus(-real_scores)", "-real_scores.sigmoid().log()")], "no log of a sigmoid"),
            ([("F.softplus(fake_scores)", "-(1 - fake_scores.sigmoid()).log()")], "no log of a sigmoid"),
            ([("F.softplus(-real_scores)", "-(real_scores.sigmoid() + 1e-8).log()")], "keeps the error"),
            ([("fake_scores.mean() - real_scores.mean()", "(fake_scores.mean() - real_scores.mean()).detach()")],
             "no .detach()"),
        ],
        "exercise-2": [
            ([("fake_scores.mean() - real_scores.mean()", "real_scores.mean() - fake_scores.mean()")],
             "D wants real up"),
            ([("fake_scores.mean() - real_scores.mean()", "real_scores.mean() - fake_scores.mean()"),
              ("g_loss = -", "g_loss = ")], "turn both"),
            ([("g_loss = -", "g_loss = ")], "a minus sign"),
            ([("g_loss = -fake_scores", "g_loss = -fake_scores.detach()")], "no .detach()"),
            ([("d_loss = fake_scores", "d_loss = fake_scores.detach()")], "stops one of them"),
            ([("return d_loss, g_loss", "return d_loss")], "return d_loss, g_loss"),
            ([("g_loss = -fake_scores.mean()", "g_loss = -fake_scores")], "single numbers"),
            ([("fake_scores.mean() - real_scores.mean()", "-real_scores.mean()")], "mean of fake minus mean of real"),
            ([("g_loss = -fake_scores.mean()", "g_loss = real_scores.mean() - fake_scores.mean()")], "nothing else"),
        ],
        "exercise-3": [
            ([(STABLE, "-torch.log(torch.sigmoid(scores))")], "exponential of -|s| only"),
            ([(STABLE, "torch.log(1 + torch.exp(-scores))")], "exponential of -|s| only"),
            ([(STABLE, "-torch.log(torch.sigmoid(scores) + 1e-8)")], "keeps the error"),
            ([("abs() - scores", "abs() + scores")], "look at the sign"),
            ([(STABLE, "F.binary_cross_entropy(scores.sigmoid(), torch.ones_like(scores), reduction='none')")],
             "keeps the error"),
            ([(STABLE, "torch.where(scores > 0, torch.log1p(torch.exp(-scores)), "
               "torch.log1p(torch.exp(scores)) - scores)")], "torch.where computes both branches"),
            ([(STABLE, f"({STABLE}).mean()")], "one number for each score"),
            ([(STABLE, f"({STABLE}).detach() + 0 * scores")], "no .detach()"),
            ([("torch.log1p(", "torch.log(1 + ")], "log1p(x) does not"),
            ([(" + torch.log1p(torch.exp(-scores.abs()))", "")], "0.474"),
        ],
        "exercise-4": [
            ([("(weights * each).sum() / weights.sum()", "each.mean()")], 'reduction="none" first'),
            ([("(weights * each).sum() / weights.sum()", "(weights * each).mean()")], "must be as if the score"),
            ([(" / weights.sum()", "")], "divide by the sum"),
            ([("(weights * each).sum() / weights.sum()", "weights * each")], "sum up, then divide"),
        ],
    },
    "04_label_smoothing": {
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
            ([("    kept =", "    torch.manual_seed(0)\n    kept =")], "no seed inside"),
            ([("    return x * kept / (1 - p)", "    x *= kept / (1 - p)\n    return x")], "do not assign into x"),
        ],
    },
    "05_ten_logits": {
        "exercise-1": [
            ([(".sigmoid()", "")], "σ of it"),
            ([("logits.logsumexp(1).sigmoid()", "1 - logits.logsumexp(1).sigmoid()")], "1 minus that"),
            ([("logits.logsumexp(1).sigmoid()", "logits.exp().sum(1) / (1 + logits.exp().sum(1))")], "logsumexp"),
            ([("logits.logsumexp(1).sigmoid()", "logits.exp().sum(1).log().sigmoid()")], "the gradient does not"),
            ([("logits.logsumexp(1).sigmoid()", "1 - 1 / (1 + logits.exp().sum(1))")], "the gradient does not"),
            ([("logits.logsumexp(1).sigmoid()", "logits.softmax(1).max(1).values")], "how sure D is of a class"),
            ([("logsumexp(1)", "logsumexp(0)")], "sum over dimension 1"),
            ([("logits.logsumexp(1).sigmoid()", "logits.mean(1).sigmoid()")], "Z / (Z + 1)"),
        ],
        "exercise-2": [
            ([("fake_logits.shape[1] - 1)", "0)")], "a class of their own"),
            ([("fake_logits.shape[1] - 1)", "10)")], "not always ten classes"),
            ([("fake_logits.shape[1] - 1)", "fake_logits.shape[1] - 2)")], "the last one is K"),
            ([(" + F.cross_entropy(fake_logits, fake)", "")], "a second cross-entropy"),
            ([("F.cross_entropy(fake_logits, fake)", "(fake_logits.logsumexp(1) - fake_logits.mean(1)).mean()")],
             "that class"),
            ([("F.cross_entropy(fake_logits, fake)", "F.cross_entropy(fake_logits, labels)")],
             "the recipe of section 3"),
            ([("return F.cross_entropy(real_logits, labels) +", "return")], "both parts"),
        ],
        "exercise-3": [
            ([("net(images)", "net(images).softmax(1)")], "wants raw logits"),
            ([("F.cross_entropy(net(images), labels)", "F.nll_loss(net(images).softmax(1), labels)")],
             "nll_loss wants log_softmax"),
            ([("F.cross_entropy(net(images), labels)", "F.nll_loss(net(images).softmax(1).log(), labels)")],
             "no log of a softmax"),
            ([("F.cross_entropy", "-F.cross_entropy")], "check the sign"),
            ([("F.cross_entropy(net(images), labels)",
               "F.nll_loss(net(images).softmax(1).clamp(min=1e-12).log(), labels)")], "keeps the error"),
            ([("labels)\n", 'labels, reduction="none")\n')], "the mean over the batch"),
        ],
        "exercise-4": [
            ([("-logits.log_softmax(1).mean()", "-(logits.softmax(1) * logits.log_softmax(1)).sum(1).mean()")],
             "weigh each class with 1/K"),
            ([("-logits", "logits")], "minus the mean"),
            ([("log_softmax(1)", "log_softmax(0)")], "dimension 1 holds the classes"),
            ([(".mean()", ".sum(1).mean()")], "1/K"),
            ([(".log_softmax(1)", ".softmax(1).log()")], "log_softmax"),
            ([(".log_softmax(1)", ".softmax(1).clamp(min=1e-12).log()")], "keeps the error"),
            ([(".mean()", ".mean(1)")], "one number: the mean over the batch"),
            ([("-logits.log_softmax(1).mean()", "-logits.log_softmax(1).mean() - torch.tensor(3.0).log()")],
             "the cross-entropy is log K more"),
        ],
    },
}


def mutate(solution, changes):
    for old, new in changes:
        assert old in solution, old
        solution = solution.replace(old, new) if old else new
    return solution
