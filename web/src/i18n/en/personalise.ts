/** The view "personalise". */
const pictures = (count: number) => (count === 1 ? '1 picture' : `${count} pictures`);

export const personalise = {
  title: 'Personalise the model',
  lead: 'Teach the model from pictures whose diagnosis you know: the kinds it has, or new ones. Everything is computed on this device, and no picture leaves it.',
  waiting: 'The model is being made ready. You can add pictures meanwhile.',
  pictures,
  steps: {
    pictures: 'Pictures with a known diagnosis',
    training: 'Training',
    result: 'Before and after',
    heads: 'Heads on this device',
  },
  intake: {
    help: 'Drop a folder whose subfolders are named like the kinds of lesion, or pictures together with a table (CSV), or drop pictures right on a kind below.',
    folder: 'Choose a folder',
    table: 'Choose pictures and a table',
    drop: 'Let go to add them',
    reading: (count: number) => `Reading ${pictures(count)}`,
    removeAll: 'Remove all pictures',
    tableHelp:
      'A table has a column “image” with file names and a column “diagnosis”, or a column of 0 and 1 for every kind.',
  },
  bucket: {
    add: 'Add pictures',
    addTo: (name: string) => `Add pictures to ${name}`,
    dropOn: (name: string) => `Drop pictures of ${name} here`,
    none: 'Drop pictures here',
    count: (name: string, count: number) => `${name}: ${pictures(count)}`,
    showAll: 'List',
    showAllOf: (name: string) => `List the pictures of ${name}`,
    isNew: 'new',
    removeClass: (name: string) => `Remove ${name} and its pictures`,
    remove: (image: string) => `Remove ${image}`,
    move: (image: string) => `Kind of ${image}`,
    more: (count: number) => `+${count}`,
    kept: 'Only what the network said of it was kept.',
    newTitle: 'A new kind',
    newHelp: 'One that the model does not know yet.',
    newName: 'Its name',
    newAdd: 'Add this kind',
  },
  notices: {
    duplicate: (count: number) =>
      count === 1
        ? 'One picture was there already and is counted once:'
        : `${count} pictures were there already and are counted once:`,
    'no-class': (count: number) =>
      `${pictures(count)} came without a kind. Drop ${count === 1 ? 'it' : 'them'} on a kind, or in a folder named like it:`,
    'no-picture': (count: number) =>
      count === 1
        ? 'One file is no picture and was left out:'
        : `${count} files are no pictures and were left out:`,
    'not-in-table': (count: number) => `The table does not name ${pictures(count)}:`,
    'table-without-picture': (count: number) =>
      `The table names ${pictures(count)} that did not come with it:`,
    'two-tables': () => 'Several tables came at once; only the first was used:',
    unreadable: (count: number) => `${pictures(count)} could not be read; perhaps moved or changed since:`,
    tableLines: (name: string, lines: string) =>
      `${name}: these lines name no picture or no single kind: ${lines}.`,
    tableFault: {
      empty: (name: string) => `${name} is empty.`,
      'no-columns': (name: string) =>
        `${name} has no columns for picture and diagnosis. Name them “image” and “diagnosis” in the first line.`,
    },
    more: (count: number) => `and ${count} more`,
    conflict: (name: string, kinds: string) =>
      `${name} is there as ${kinds}. It is left out until only one is left.`,
    conflictTitle: 'The same picture under several kinds',
    failedTitle: (count: number) => `${pictures(count)} could not be used`,
    gone: 'The picture itself is not at hand any more. Add it again.',
    keepOnly: (name: string) => `Keep as ${name}`,
    dismiss: 'Dismiss this message',
  },
  ready: {
    label: 'Whether the pictures are enough',
    none: (least: number, perClass: number) =>
      `Add at least ${least} pictures, and at least ${perClass} of each kind that you add to. From 20 of a kind on, the figures begin to mean something.`,
    lacking: (name: string, count: number, missing: number) =>
      `${name} has ${pictures(count)}; ${missing} more ${missing === 1 ? 'is' : 'are'} needed.`,
    inAll: (missing: number) =>
      `${missing} more ${missing === 1 ? 'picture is' : 'pictures are'} needed in all.`,
    oneClass:
      'Pictures of two kinds at least are needed: this model file has no statistics of its own kinds to compare with.',
    few: (name: string, count: number) =>
      `${name} has only ${pictures(count)}: figures for it will be rough. Twenty or more are better.`,
    emptyClass: (name: string) => `${name} has no pictures and will not be part of the head.`,
    enough: (count: number, kinds: number) =>
      `${pictures(count)} of ${kinds === 1 ? '1 kind' : `${kinds} kinds`}: enough to train.`,
    noStatistics:
      'This model file has no statistics of its own training pictures, so the head may forget kinds that you add no pictures of.',
  },
  settings: {
    title: 'Settings',
    name: 'Name of the new head',
    defaultName: (date: string) => `Head of ${date}`,
    epochs: 'Epochs',
    epochsHelp: 'Passes over the pictures.',
    learningRate: 'Learning rate',
    learningRateHelp: 'How far each step goes.',
    pull: 'Pull to the shipped head',
    pullHelp: 'Larger stays closer to what the model knew.',
    replay: 'Replay of the shipped kinds',
    replayHelp: 'Made from statistics in the model file, so that they are not forgotten; 0 leaves it out.',
    heldOut: 'Share held out',
    heldOutHelp: 'Pictures that judge the head and never train it.',
    seed: 'Seed',
    seedHelp: 'The same seed gives the same head.',
    views: 'Orientations of each picture',
    viewsHelp: 'More teach that a lesion has no right way up.',
    view: { 1: '1: as the model looks', 4: '4: turned', 8: '8: turned and mirrored' },
    reset: 'Back to the usual settings',
    keep: 'Keep what the network said of the pictures on this device',
    keepHelp:
      'So that the next training starts at once, also after a reload. The pictures themselves are never kept; unticking deletes what was kept.',
    outOfRange: (from: string, to: string) => `From ${from} to ${to}.`,
  },
  run: {
    start: 'Train a head',
    again: 'Train again',
    stop: 'Stop',
    stopTraining: 'Stop and see how it is',
    embedding: (done: number, all: number) => `The network looks at the pictures: ${done} of ${all}`,
    secondsLeft: (seconds: number) =>
      seconds < 60
        ? `about ${Math.max(1, Math.round(seconds))} s left`
        : `about ${Math.round(seconds / 60)} min left`,
    training: (epoch: number, all: number) => `Training: epoch ${epoch} of ${all}`,
    done: (epochs: number, seconds: string) => `Trained ${epochs} epochs in ${seconds} s.`,
    stopped: (epochs: number) => `Stopped after ${epochs} epochs; this is the head so far.`,
    failed: 'The training did not work. Your pictures are still here.',
    discard: 'Discard this head',
    keep: 'Keep and use this head',
    kept: 'This head is kept and in use.',
    used: 'This head is in use until the page is closed: it could not be kept.',
    notEnough: 'After leaving out what could not be read, there are too few pictures left.',
  },
  curves: {
    loss: 'Loss',
    balancedAccuracy: 'Balanced accuracy',
    training: 'Training',
    heldOut: 'Your held-out pictures',
    replay: 'Shipped kinds, replayed',
    epoch: 'Epoch',
    describe: (what: string, epoch: number, values: string) => `${what} up to epoch ${epoch}: ${values}`,
    value: (name: string, value: string) => `${name} ${value}`,
  },
  result: {
    heldOut: 'Your held-out pictures',
    heldOutHelp: (count: number) =>
      `${pictures(count)} that were not trained on. With so few, a difference of a picture or two is chance.`,
    replayed: 'The shipped kinds',
    replayedHelp: (count: number) =>
      `${count} samples of the kinds that the model shipped with, drawn from the statistics in its file and not from pictures: a fall shows what was forgotten, a rise says little.`,
    summary: (from: string, to: string) =>
      `Balanced accuracy on your held-out pictures went from ${from} to ${to}.`,
    replaySummary: (from: string, to: string) => `On the shipped kinds it went from ${from} to ${to}.`,
    noHeldOut: 'No pictures were held out, so nothing can be said about how good the head is.',
    worse:
      'The new head is not better on your held-out pictures. More pictures may help; so may other settings.',
    forgets: 'The new head is clearly worse on the shipped kinds. A stronger pull or more replay may help.',
    balancedAccuracy: 'Balanced accuracy',
    before: 'Before',
    after: 'After',
    arrow: 'to',
    kind: 'Kind',
    count: 'Pictures',
    samples: 'Samples',
    sensitivity: 'Sensitivity by kind',
    change: 'Change',
    points: (points: string) => `${points} points`,
    absent: 'none',
    unknownBefore: 'unknown to it',
    confusion: 'Confusion matrices',
    confusionBefore: 'Confusion before',
    confusionAfter: 'Confusion after',
    temperature:
      'Probabilities of a personalised head are calibrated less well than those of the shipped one, and its operating points do not hold any more.',
  },
  heads: {
    own: 'The model’s own head',
    ownHelp: 'As it shipped',
    inUse: 'In use',
    use: 'Use this head',
    useOf: (name: string) => `Use ${name}`,
    choose: 'Which head answers in the view “Check”',
    of: (date: string) => `Kept on ${date}`,
    classes: (names: string) => `New kinds: ${names}`,
    score: (before: string, after: string) => `Held-out balanced accuracy ${before} → ${after}`,
    actions: (name: string) => `What to do with ${name}`,
    exportHead: 'Save head file',
    exportModel: 'Save whole model (ONNX)',
    remove: 'Delete',
    confirmRemove: (name: string) => `Delete “${name}” from this device? Without a saved file it is gone.`,
    removeYes: 'Delete it',
    removeNo: 'Keep it',
    details: 'Figures',
    import: 'Open a head file',
    importHelp: 'A file that was saved here (.safetensors).',
    undo: 'Undo',
    undoHelp: 'Back to the head that answered before',
    back: 'Back to the model’s own head',
    none: 'No heads are kept here yet.',
    fault: {
      'no-head': (file: string) => `${file} is not a head file of this project.`,
      damaged: (file: string) => `${file} is damaged or cut off. Copy it again from where it came from.`,
      'other-model': (file: string) =>
        `${file} is a head of another model. A head only fits the model that it was trained with; open that one in the view “Model” first.`,
      'other-classes': (file: string) =>
        `${file} is a head for other kinds of lesion than this model knows, so it cannot be used with it.`,
    },
    unchanged: 'Nothing was changed: the head in use stays in use.',
    notKept:
      'This device could not keep that. It works until the page is closed; save it as a file to have it for longer.',
    events: {
      kept: (name: string) => `“${name}” is kept and in use.`,
      used: (name: string) => (name === '' ? 'The model’s own head is in use.' : `“${name}” is in use.`),
      imported: (name: string) => `“${name}” was opened and is in use.`,
      undone: (name: string) =>
        name === '' ? 'Undone: the model’s own head is in use.' : `Undone: “${name}” is in use.`,
      removed: (name: string) => `“${name}” was deleted.`,
      exported: (name: string) => `“${name}” was saved as a file.`,
    },
  },
} as const;
