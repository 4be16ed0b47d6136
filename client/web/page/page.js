// The page: follows the client's events, shows them, and sends what the user writes.
//
// The contract is in client/web/mod.rs. Text of others goes into the page by `textContent` alone; the policy of the
// page (Trusted Types) lets nothing else happen.

const byId = (id) => document.getElementById(id);
const fold = (name) => name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
const isRoom = (name) => /^[#&+!@]/.test(name);

// --- State --------------------------------------------------------------------------------------

let token = location.hash.slice(1);
let nick = '';
let isConnected = false;
let isStarting = true; // there was no connection yet
let server = '';
let last = null; // the number of the last line of events
let current = null; // the folded name of the conversation that is shown
let commands = [];
let largestFile = 0;
const conversations = new Map(); // by folded name: { name, unread, people, topic, events, members, n, draft }
let notes = []; // events of no conversation
const sent = []; // lines that were sent, the newest last
let recalled = 0; // how far Up has gone back in them
let completion = null;
let hasEnded = false; // the client has
const MOST_ROWS = 10_000; // of one conversation

if (token) {
  sessionStorage.setItem('token', token);
  history.replaceState(null, '', '/');
} else {
  token = sessionStorage.getItem('token') ?? '';
}

// --- Requests -----------------------------------------------------------------------------------

const authorized = (options = {}) => ({ ...options, headers: { Authorization: `Bearer ${token}` } });

/** An answer of the client; an error is a sentence. */
async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, authorized(options));
  } catch {
    throw new Error('The client does not answer. Is it still running?');
  }
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

const post = (path, value) => ask(path, { method: 'POST', body: JSON.stringify(value) });

function complain(error) {
  byId('error').textContent = error ? error.message ?? error : '';
}

/** Carries out a line, as if it were typed in that conversation. */
async function carryOut(text, conversation = nameOf(current)) {
  complain('');
  const answer = await post('/lines', { conversation, text });
  if (answer.conversation && fold(answer.conversation) !== current) open(answer.conversation);
}

const command = (text) => carryOut(text).catch(complain);

// --- Events -------------------------------------------------------------------------------------

const pause = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

/** Follows the events; a lost connection goes on where it was. */
async function follow() {
  for (let attempt = 0; ; attempt++) {
    const abort = new AbortController();
    let timer;
    // The client says at least every 20 seconds that it is there.
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(() => abort.abort(), 60_000);
    };
    try {
      wait();
      const path = last === null ? '/events' : `/events?after=${last}`;
      const response = await fetch(path, authorized({ signal: abort.signal }));
      if (response.status === 403) {
        return showConnection((await response.json()).error, true);
      }
      if (!response.ok) throw new Error((await response.json()).error);
      let rest = '';
      for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
        wait();
        attempt = 0;
        const lines = (rest + chunk).split('\n');
        rest = lines.pop();
        lines.forEach((line) => handle(JSON.parse(line)));
      }
    } catch (error) {
      console.info(`The events are interrupted: ${error}`);
    }
    clearTimeout(timer);
    if (hasEnded) return;
    showConnection('The client does not answer; trying again', true);
    await pause(Math.min(2 ** attempt / 2, 8));
  }
}

function handle(event) {
  if (event.n !== undefined) last = event.n;
  switch (event.type) {
    case 'snapshot':
      return begin(event);
    case 'beat':
      return;
    case 'ended':
      hasEnded = true;
      showEnd(event.why);
      return showConnection(event.why ? `The chat has ended: ${event.why}` : 'You have left the chat', true);
    case 'conversation':
      summarize(event);
      return showLists();
    case 'closed':
      conversations.delete(fold(event.name));
      if (current === fold(event.name)) current = conversations.keys().next().value ?? null;
      return show();
    case 'question':
      return putQuestion(event);
    case 'answered':
      return event.number === question?.number ? putQuestion(null) : undefined;
    case 'started':
      [nick, isConnected, isStarting] = [event.nick, true, false];
      return showConnection();
    case 'transfers':
      return showTransfers(event.list);
  }
  if (event.type === 'nick') nick = event.nick;
  if (event.type === 'connected') isConnected = true;
  if (event.type === 'lost') isConnected = false;
  if (['nick', 'connected', 'lost'].includes(event.type)) showConnection();
  if (event.type === 'renamed') rename(event.old, event.new);
  // Nothing is shown and nothing half typed, as at the start.
  if (event.type === 'we_joined' && current === null && !byId('message').value) open(event.conversation);
  record(event);
}

/** The client says all that it knows. */
function begin(snapshot) {
  ({ nick, commands, server } = snapshot);
  isConnected = snapshot.is_connected;
  isStarting = snapshot.is_starting;
  largestFile = snapshot.largest_file;
  notes = snapshot.notes;
  const drafts = new Map([...conversations].map(([key, { draft }]) => [key, draft]));
  conversations.clear();
  snapshot.conversations.forEach(summarize);
  drafts.forEach((draft, key) => { if (conversations.has(key)) conversations.get(key).draft = draft; });
  if (!conversations.has(current)) {
    // At the start the terminal's target is a room in which we are not yet.
    const target = fold(snapshot.target ?? '');
    current = conversations.has(target) ? target : conversations.keys().next().value ?? null;
  }
  showConnection();
  putQuestion(snapshot.question);
  showTransfers(snapshot.transfers);
  if (current === null) show();
  else open(nameOf(current));
}

function summarize({ name, unread, people, topic }) {
  const key = fold(name);
  const known = conversations.get(key) ?? { events: null, members: [], n: 0, draft: '' };
  if (key === current && known.people !== people) refreshPeople();
  conversations.set(key, { ...known, name, unread, people, topic });
  if (key === current) {
    byId('topic').textContent = topic;
    readIfSeen();
  }
}

/** Puts an event where it belongs. */
function record(event) {
  const places = event.conversations ?? (event.conversation === undefined ? null : [event.conversation]);
  if (places === null) {
    notes.push(event);
    if (notes.length > 200) notes.shift();
    if (event.sentence) append(event);
    return;
  }
  for (const name of places) {
    const conversation = conversations.get(fold(name));
    // What was held back while the user slept may be there already.
    if (event.msgid && conversation?.events?.some(({ msgid }) => msgid === event.msgid)) continue;
    // Its first events are still on their way.
    if (conversation?.early) conversation.early.push(event);
    if (conversation?.events && event.n > conversation.n) {
      conversation.events.push(event);
      if (conversation.events.length > MOST_ROWS) conversation.events.shift();
    }
    if (fold(name) === current && (!conversation || (conversation.events && event.n > conversation.n))) append(event);
    // Nobody would see it: there is no such conversation, such as a room into which we are invited.
    else if (!conversation) append(event);
  }
  if (event.type === 'renamed') refreshPeople();
  if (event.mentions && document.hidden) document.title = `(!) ${byId('title').textContent}`;
}

/** A person with whom we talk has another name. */
function rename(old, name) {
  if (current === fold(name) && fold(old) !== fold(name)) {
    // What the user is writing was meant for the one who had that name before.
    complain(`${old} has taken the name ${name}, so this is somebody else`);
    keepDraft();
    current = null;
    show();
  }
  const known = conversations.get(fold(old));
  if (!known || isRoom(old)) return;
  conversations.delete(fold(old));
  conversations.set(fold(name), { ...known, name });
  if (current === fold(old)) {
    current = fold(name);
    showTitle();
  }
  showLists();
}

const nameOf = (key) => conversations.get(key)?.name ?? null;

// --- Conversations ------------------------------------------------------------------------------

/** Shows a conversation, also one with a person to whom nothing was said yet. */
async function open(name) {
  const key = fold(name);
  keepDraft();
  if (!conversations.has(key)) summarize({ name, unread: 0, people: 0, topic: '' });
  current = key;
  byId('lists').classList.remove('shown');
  byId('show-lists').setAttribute('aria-expanded', 'false');
  const conversation = conversations.get(key);
  byId('message').value = conversation.draft ?? '';
  if (conversation.events === null) {
    conversation.early = [];
    try {
      const { n, members, events } = await ask(`/conversation?name=${encodeURIComponent(name)}`);
      const early = conversations.get(key)?.early ?? [];
      events.push(...early.filter((event) => event.n > n));
      Object.assign(conversations.get(key) ?? {}, { n, members, events, early: null });
    } catch (error) {
      complain(error);
    }
  }
  if (current !== key) return;
  show();
  byId('message').focus();
}

function keepDraft() {
  const conversation = conversations.get(current);
  if (conversation) conversation.draft = byId('message').value;
}

let isRefreshing = false;

/** Asks who is here now; those on the blacklist come and go without an event. */
async function refreshPeople() {
  if (isRefreshing) return;
  isRefreshing = true;
  await pause(0.3);
  isRefreshing = false;
  const [key, name] = [current, nameOf(current)];
  if (name === null || !isRoom(name)) return;
  const answer = await ask(`/conversation?name=${encodeURIComponent(name)}`).catch(() => null);
  if (answer && conversations.has(key)) conversations.get(key).members = answer.members;
  showLists();
}

function readIfSeen() {
  const conversation = conversations.get(current);
  if (conversation?.unread > 0 && !document.hidden && conversation.events) {
    post('/read', { conversation: conversation.name }).catch(complain);
  }
}

// --- Drawing ------------------------------------------------------------------------------------

function element(name, className = '', text = '') {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

function button(text, onClick, className = '') {
  const made = element('button', className, text);
  made.type = 'button';
  made.addEventListener('click', onClick);
  return made;
}

function show() {
  showTitle();
  showLists();
  const messages = byId('rows');
  messages.replaceChildren();
  previous = null;
  const conversation = conversations.get(current);
  const events = [...(conversation?.events ?? []), ...notes.filter((note) => note.sentence)];
  events.sort((one, other) => Date.parse(one.time) - Date.parse(other.time));
  let unseen = conversation?.unread ?? 0;
  const saidAt = events.flatMap((event, at) => (event.type === 'said' ? [at] : []));
  const firstUnseen = unseen > 0 ? saidAt.at(-Math.min(unseen, saidAt.length)) : undefined;
  events.forEach((event, at) => {
    if (at === firstUnseen) messages.append(element('div', 'new', 'new'));
    append(event);
  });
  scrollDown();
  readIfSeen();
}

function showTitle() {
  const conversation = conversations.get(current);
  byId('title').textContent = conversation?.name ?? 'groupchat';
  byId('topic').textContent = conversation?.topic ?? '';
  document.title = `${conversation?.name ?? 'groupchat'} – groupchat`;
}

function showConnection(text, isLost = !isConnected && !isStarting) {
  const starting = question ? 'Not connected yet' : `Connecting to ${server} …`;
  const absent = isStarting ? starting : 'No connection to the server; trying again';
  const usual = isConnected ? `You are ${nick}` : absent;
  byId('connection').textContent = text ?? usual;
  byId('connection').classList.toggle('lost', isLost);
}

function showLists() {
  const one = ({ name, unread }) => {
    const item = element('li');
    item.dataset.name = name;
    const made = button('', () => open(name), unread ? 'unread' : '');
    made.append(element('span', '', name));
    if (unread) {
      const count = element('span', '', `${unread}`);
      count.append(element('span', 'hidden', ' unread'));
      made.append(' ', count);
    }
    if (fold(name) === current) made.setAttribute('aria-current', 'true');
    item.append(made);
    return item;
  };
  const focused = document.activeElement.closest('#lists li')?.dataset.name;
  const list = document.activeElement.closest('#lists ul');
  byId('conversations').replaceChildren(...[...conversations.values()].map(one));
  const person = (name) => {
    const item = element('li');
    item.dataset.name = name;
    const made = button('', (event) => openMenu(name, event.currentTarget));
    made.append(element('span', colour(name), name));
    made.setAttribute('aria-haspopup', 'menu');
    item.append(made);
    return item;
  };
  byId('people').replaceChildren(...(conversations.get(current)?.members ?? []).map(person));
  // The keyboard stays where it was.
  [...(list?.children ?? [])].find((item) => item.dataset.name === focused)?.firstChild.focus();
}

function colour(name) {
  let sum = 0;
  for (const character of fold(name)) sum = (sum * 31 + character.codePointAt(0)) % 8;
  return `c${sum}`;
}

let previous = null; // the event before, with its row, to condense those who come and go

function append(event) {
  if (!event.sentence && event.text === undefined) return;
  const messages = byId('rows');
  const when = new Date(event.time);
  const day = when.toLocaleDateString(undefined, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
  if (previous && previous.day !== day) messages.append(element('div', 'day', day));
  const isPassing = ['joined', 'left'].includes(event.type);
  if (isPassing && previous?.passing && previous.day === day) {
    previous.passing.push(event);
    previous.text.textContent = condensed(previous.passing);
    return;
  }
  const row = element('div', `row${event.mentions ? ' mentions' : ''}`);
  const minutes = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
  const time = element('time', '', when.toLocaleTimeString(undefined, minutes));
  time.dateTime = event.time;
  const text = element('p', event.text === undefined ? 'news' : '');
  if (event.text !== undefined) {
    const name = element('bdi', `nick ${colour(event.from)}`, event.from);
    const stored = event.waited ? `(stored, of ${when.toLocaleString()}) ` : '';
    const mark = event.uncertain ? `(perhaps shown before) ${stored}` : stored;
    const [before, after] = { action: ['* ', ' '], notice: ['-', '- '] }[event.manner] ?? ['', ': '];
    text.append(mark + before, name, after, element('bdi', '', event.text));
  } else {
    text.textContent = event.sentence;
  }
  row.append(time, text);
  if (event.type === 'offered' && !event.comes) {
    const [fetchIt, declineIt] = [`/get ${event.id}`, `/decline ${event.id}`];
    text.append(' ', button('Fetch', () => command(fetchIt)), ' ', button('Decline', () => command(declineIt)));
  }
  if (event.type === 'invited') text.append(' ', button('Enter', () => command(`/join ${event.conversation}`)));
  if (event.type === 'saved') showFile(event, text);
  messages.append(row);
  if (messages.childElementCount > MOST_ROWS) messages.firstChild.remove();
  previous = { day, text, passing: isPassing ? [event] : null };
}

/** "anna, ben and 2 others joined; carl left" */
function condensed(events) {
  const part = (type, verb) => {
    const names = events.filter((event) => event.type === type).map((event) => event.nick);
    if (names.length === 0) return [];
    const shown = names.length > 3 ? [...names.slice(0, 2), `${names.length - 2} others`] : names;
    return [`${[shown.slice(0, -1).join(', '), shown.at(-1)].filter(Boolean).join(' and ')} ${verb}`];
  };
  return [...part('joined', 'joined'), ...part('left', 'left')].join('; ');
}

function scrollDown() {
  byId('messages').scrollTop = 0;
}

// --- Files --------------------------------------------------------------------------------------

const IMAGES = /\.(png|jpe?g|gif|webp)$/i;
const LARGEST_IMAGE = 10 * 1024 * 1024;

async function blobOf(id) {
  const response = await fetch(`/files/${id}`, authorized());
  if (!response.ok) throw new Error((await response.json()).error);
  return response.blob();
}

/** A file that has come: a button to save it from the browser, and the image itself if it is one. */
function showFile({ id, name, size }, text) {
  text.append(' ', button('Save as …', async () => {
    try {
      const link = element('a');
      link.href = URL.createObjectURL(await blobOf(id));
      link.download = name;
      link.click();
    } catch (error) {
      complain(error);
    }
  }));
  if (!IMAGES.test(name) || size > LARGEST_IMAGE) return;
  blobOf(id).then((blob) => {
    if (!blob.type.startsWith('image/')) return;
    const image = element('img');
    image.alt = name;
    image.src = URL.createObjectURL(blob);
    text.append(image);
  }).catch(() => {});
}

async function send(files) {
  const conversation = nameOf(current);
  for (const file of files) {
    try {
      if (conversation === null) throw new Error('Choose a conversation first');
      if (file.size > largestFile) throw new Error(`${file.name} is too large`);
      const query = new URLSearchParams({ name: file.name, conversation });
      await ask(`/files?${query}`, { method: 'POST', body: file });
    } catch (error) {
      complain(error);
    }
  }
}

function showTransfers(list) {
  const one = ({ id, name, is_upload: isUpload, is_running: isRunning, done, total, figures }) => {
    const item = element('li');
    const bar = element('progress');
    bar.max = Math.max(total, 1);
    bar.value = done;
    bar.setAttribute('aria-label', name);
    const what = element('span', '', `${isUpload ? 'Sending' : 'Fetching'} ${name}`);
    const cancel = button('Cancel', () => command(`/cancel ${id ?? name}`));
    item.append(what, bar, element('span', '', isRunning ? figures : 'waiting'), cancel);
    return item;
  };
  byId('transfers').replaceChildren(...list.map(one));
}

// --- People -------------------------------------------------------------------------------------

function openMenu(name, from) {
  const menu = byId('menu');
  const entry = (text, onClick) => {
    const made = button(text, () => {
      menu.hidePopover();
      onClick();
    });
    made.setAttribute('role', 'menuitem');
    return made;
  };
  const entries = [entry(`Write to ${name}`, () => open(name)), entry('Who is that?', () => command(`/whois ${name}`))];
  const has = (word) => commands.some(({ usage }) => usage.split(' ')[0] === word);
  if (has('/fingerprint')) entries.push(entry('Show the key', () => command(`/fingerprint ${name}`)));
  if (fold(name) !== fold(nick)) {
    entries.push(entry('See nothing more', () => command(`/black ${name}`)));
    entries.push(entry('See again', () => command(`/unblock ${name}`)));
    if (current && isRoom(nameOf(current))) entries.push(entry('Remove from the room', () => command(`/kick ${name}`)));
  }
  menu.replaceChildren(...entries);
  menu.showPopover();
  const { right, top } = from.getBoundingClientRect();
  menu.style.inset = 'auto';
  menu.style.top = `${Math.min(top, innerHeight - menu.offsetHeight - 8)}px`;
  menu.style.left = `${Math.min(right, innerWidth - menu.offsetWidth - 8)}px`;
  entries[0].focus();
  menu.onkeydown = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    entries.at((entries.indexOf(document.activeElement) + step) % entries.length).focus();
  };
  menu.ontoggle = (event) => {
    if (event.newState === 'closed') (from.isConnected ? from : byId('message')).focus();
  };
}

// --- The input ----------------------------------------------------------------------------------

/** Completes commands, names and rooms; further presses go round. */
function complete(input) {
  if (completion?.shown !== input.value) {
    const before = input.value.slice(0, input.selectionStart);
    const word = before.split(/\s/).at(-1);
    if (!word) return false;
    const start = before.length - word.length;
    const members = conversations.get(current)?.members ?? [];
    const names = [...members, ...[...conversations.values()].map(({ name }) => name)];
    const words = start === 0 && word.startsWith('/')
      ? commands.map(({ usage }) => `${usage.split(' ')[0]} `)
      : names.map((name) => (start === 0 && !isRoom(name) && !word.startsWith('@') ? `${name}: ` : `${name} `));
    const sign = word.startsWith('@') ? '@' : '';
    const fits = (candidate) => fold(candidate).startsWith(fold(word.slice(sign.length)));
    const candidates = [...new Set(words.filter(fits))].map((candidate) => sign + candidate);
    if (candidates.length === 0) return false;
    completion = { candidates, at: -1, start, end: input.value.slice(before.length) };
    completion.head = before.slice(0, start);
  }
  completion.at = (completion.at + 1) % completion.candidates.length;
  const { candidates, at, head, end } = completion;
  input.value = completion.shown = head + candidates[at] + end;
  input.selectionStart = input.selectionEnd = (head + candidates[at]).length;
  return true;
}

function recall(input, step) {
  const to = recalled + step;
  if (to < 0 || to > sent.length) return;
  recalled = to;
  input.value = to === 0 ? '' : sent.at(-to);
}

const input = byId('message');

async function submit() {
  const text = input.value;
  if (!text.trim()) return;
  const from = current;
  input.value = '';
  keepDraft();
  recalled = 0;
  sent.push(text);
  try {
    await carryOut(text);
  } catch (error) {
    complain(error);
    // So that it can be corrected.
    if (from === current && !input.value) input.value = text;
  }
}

input.addEventListener('keydown', (event) => {
  const isPlain = !event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey && !event.isComposing;
  const isOneRow = !input.value.includes('\n');
  if (event.key === 'Enter' && isPlain) submit();
  else if (event.key === 'Tab' && isPlain && input.value && complete(input)) completion.shown = input.value;
  else if (event.key === 'ArrowUp' && isPlain && isOneRow) recall(input, 1);
  else if (event.key === 'ArrowDown' && isPlain && isOneRow) recall(input, -1);
  else if (event.key === 'Escape') return complain('');
  else return;
  event.preventDefault();
});
input.addEventListener('paste', (event) => {
  if (event.clipboardData.files.length === 0) return;
  event.preventDefault();
  send(event.clipboardData.files);
});
byId('form').addEventListener('submit', (event) => {
  event.preventDefault();
  submit();
});
byId('attach').addEventListener('click', () => byId('file').click());
byId('file').addEventListener('change', () => {
  send([...byId('file').files]);
  byId('file').value = '';
});
document.addEventListener('dragover', (event) => event.preventDefault());
document.addEventListener('drop', (event) => {
  event.preventDefault();
  send(event.dataTransfer.files);
});
document.addEventListener('visibilitychange', () => {
  if (document.hidden) return;
  showTitle();
  readIfSeen();
});
byId('show-lists').addEventListener('click', (event) => {
  const isShown = byId('lists').classList.toggle('shown');
  event.currentTarget.setAttribute('aria-expanded', `${isShown}`);
});

input.focus();
follow();

// --- Questions of the client --------------------------------------------------------------------

let question = null; // the one that is open

/** Asks what the client asks at the terminal, or nothing. The first answer counts, from there or from any window. */
function putQuestion(asked) {
  if (asked?.number === question?.number) return;
  question = asked;
  if (!asked) {
    byId('question').close();
    return showConnection();
  }
  const isName = asked.wants === 'name';
  if (asked.offer) byId('name').value = asked.offer;
  byId('name-label').textContent = asked.text;
  const answers = isName
    ? [button('OK', answerName)]
    : [button('Yes', () => answer('y')), button('No', () => answer('n'))];
  const title = asked.reason ? 'There is no chat yet' : asked.text;
  byId('question-text').textContent = !isName && asked.reason ? asked.text : '';
  showDialog(isName ? 'Choose a name' : title, asked.reason, isName, answers);
  showConnection();
}

function showDialog(title, reason, hasName, buttons) {
  const dialog = byId('question');
  byId('question-title').textContent = title;
  byId('name-row').hidden = !hasName;
  byId('answers').replaceChildren(...buttons);
  byId('reason').replaceChildren();
  if (!dialog.open) dialog.showModal();
  // Screen readers say what comes into an alert that is there.
  byId('reason').replaceChildren(...prose(reason));
  // A key that was meant for something else answers nothing.
  (hasName ? byId('name') : dialog).focus();
  if (hasName) byId('name').select();
}

/** A sentence in the rows of a terminal, as paragraphs; what is indented, such as a fingerprint, stands for itself. */
function prose(text) {
  const parts = [];
  for (const row of text.split('\n')) {
    const isApart = row.startsWith(' ');
    if (isApart || parts.at(-1)?.tagName !== 'P') parts.push(element(isApart ? 'code' : 'p', '', row.trim()));
    else parts.at(-1).append(` ${row}`);
  }
  return parts;
}

function answerName() {
  if (byId('name').reportValidity()) answer(byId('name').value);
}

async function answer(text) {
  try {
    await post('/answer', { number: question?.number, text });
  } catch (error) {
    if (question) byId('reason').replaceChildren(...prose(error.message));
  }
}

/** The client has ended; a reason is for reading at leisure. */
function showEnd(why) {
  putQuestion(null);
  byId('question-text').textContent = '';
  if (why) showDialog('The chat has ended', why, false, [button('Close', () => byId('question').close())]);
}

byId('answer').addEventListener('submit', (event) => {
  event.preventDefault();
  if (question?.wants === 'name') answerName();
});
byId('question').addEventListener('cancel', (event) => {
  if (question) event.preventDefault();
});
byId('question').addEventListener('close', () => {
  if (question && !byId('question').open) byId('question').showModal();
});
