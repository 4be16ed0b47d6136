// The page: follows the client's events, shows them, and sends what the user writes.
//
// The contract is in client/web/mod.rs. Text of others goes into the page by `textContent` alone; the policy of the
// page (Trusted Types) lets nothing else happen.

const byId = (id) => document.getElementById(id);
const fold = (name) => name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
const isRoom = (name) => /^[#&+!@]/.test(name);

/** What was kept in the browser. Another program that had this port before may have kept something else. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

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
// By folded name: { name, unread, people, topic, isAside, events, ids, members, ranks, n, draft, sent }. It
// has no id while it is being opened.
const conversations = new Map();
let notes = []; // events of no conversation
let blacklist = [];
// Names of rooms and people, folded, that shall not attract attention; the same in all windows.
const isText = (value) => typeof value === 'string';
const mutedNames = () => new Set([parsed(localStorage['groupchat.muted'])].flat().filter(isText));
let muted = mutedNames();
let recalled = 0; // how far Up has gone back in the lines that were sent
let completion = null;
const typed = []; // the last lines of this window: { from, text }
let hasEnded = false; // the client has
let isFollowing = false; // the stream of events is there
let run = null; // of the client
let draftsBefore = new Map(); // what was being written when the page was loaded again, by the id of the conversation
const away = new Map(); // why people are away, by folded name
const MOST_ROWS = 10_000; // of one conversation
const MOST_PEOPLE = 1000; // in the list

if (token) {
  sessionStorage.setItem('token', token);
  history.replaceState(null, '', '/');
} else {
  token = sessionStorage.getItem('token') ?? '';
}
// A new address was put into this window: the browser itself loads nothing, since only what is behind the # differs.
addEventListener('hashchange', () => location.reload());

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
  if (!response.ok) throw Object.assign(new Error(answer.error), { status: response.status, verb: answer.verb });
  return answer;
}

async function post(path, value) {
  checkStream();
  return ask(path, { method: 'POST', body: JSON.stringify(value) });
}

/** What is sent to somebody has to wait until the page knows who has which name. */
function checkStream() {
  if (!isFollowing) throw new Error('Nothing was sent: there is no connection to the client just now');
}

function complain(error) {
  byId('error').textContent = error ? error.message ?? error : '';
}

let lineBefore = Promise.resolve();

/** Lines go out in the order in which they were entered. */
function inOrder(act) {
  const done = lineBefore.then(act);
  lineBefore = done.catch(() => {});
  return done;
}

/** Carries out a line, as if it were typed in that conversation. It may lead to another one. */
async function carryOut(text, conversation = nameOf(current)) {
  complain('');
  const from = current;
  const id = conversation === null ? null : conversations.get(fold(conversation))?.id;
  if (id === undefined) throw new Error('Nothing was sent: that conversation is still being opened; try again');
  let to;
  try {
    ({ conversation: to } = await inOrder(() => post('/lines', { conversation, id, text })));
  } catch (error) {
    if (error.status !== 409) throw error;
    return askAgain(error, { conversation, id, text });
  }
  if (!to || fold(to) === fold(conversation ?? '') || current !== from) return;
  // What the user is writing meanwhile stays where it was begun.
  if (byId('message').value.trim()) complain(`Now you can go to ${to}: it is in the list`);
  else open(to);
}

const command = (text) => carryOut(text).catch(complain);
const has = (word) => commands.some(({ usage }) => usage.split(' ')[0] === word);

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
    let why = 'The client does not answer; trying again';
    try {
      wait();
      const path = last === null ? '/events' : `/events?after=${last}`;
      const response = await fetch(path, authorized({ signal: abort.signal }));
      if (response.status === 403) {
        return showConnection((await response.json()).error, true);
      }
      if (!response.ok) {
        why = (await response.json()).error;
        throw new Error(why);
      }
      let rest = '';
      for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
        wait();
        attempt = 0;
        const lines = (rest + chunk).split('\n');
        rest = lines.pop();
        lines.forEach(take);
        if (hasEnded) abort.abort();
      }
    } catch (error) {
      console.info(`The events are interrupted: ${error}`);
    }
    clearTimeout(timer);
    isFollowing = false;
    if (hasEnded) return;
    showConnection(why, true);
    await pause(Math.min(2 ** attempt / 2, 8));
  }
}

/** A line of the stream. A fault with one must not cost the others. */
function take(line) {
  if (hasEnded) return;
  try {
    const event = JSON.parse(line);
    // Only the client itself begins with the right words.
    if (isFollowing || event.type === 'hello') handle(event);
  } catch (error) {
    console.error(error);
  }
}

function handle(event) {
  if (event.n !== undefined) last = event.n;
  switch (event.type) {
    case 'hello':
      return greet(event);
    case 'snapshot':
      return begin(event);
    case 'beat':
      return;
    case 'ended':
      return end(event.why);
    case 'conversation':
      if (event.was !== undefined) rename(event.was, event.name);
      summarize(event);
      return showSoon();
    case 'closed':
      return forget(event.name);
    case 'blacklist':
      blacklist = event.names;
      showQuiet();
      return showSoon();
    case 'question':
      return putQuestion(event);
    case 'answered':
      return event.number === question?.number ? putQuestion(null) : undefined;
    case 'started':
      [nick, isConnected, isStarting] = [event.nick, true, false];
      complain('');
      return showConnection();
    case 'transfers':
      return showTransfers(event.list);
    case 'presence':
      return notePresence(event);
  }
  if (event.type === 'nick') nick = event.nick;
  if (event.type === 'connected') isConnected = true;
  if (event.type === 'lost') isConnected = false;
  if (['nick', 'connected', 'lost'].includes(event.type)) showConnection();
  if (event.type === 'connected') {
    away.clear();
    complain('');
  }
  if (event.type === 'renamed' && event.conversation === undefined) closeAbout(event.old, event.new);
  // Nothing is shown and nothing half typed, as at the start.
  if (event.type === 'we_joined' && current === null && !byId('message').value) open(event.conversation);
  record(event);
  if (event.type === 'we_said') echo(event);
}

/** After the end of the client another program may have its place, also one of another user of this machine. */
function greet(hello) {
  if (run === null) {
    run = hello.run;
    const kept = parsed(sessionStorage.drafts);
    if (kept?.run === run) [draftsBefore, notes] = [new Map(kept.drafts), kept.own];
  }
  if (run === hello.run) {
    isFollowing = true;
    return showConnection();
  }
  end('Another program answers now. Open the address that the terminal shows.');
}

function end(why) {
  hasEnded = true;
  // Whatever has this port next finds nothing.
  sessionStorage.clear();
  showEnd(why);
  if (why) note(why);
  showConnection(why ? 'The chat has ended' : 'You have left the chat', true);
}

/** The client says all that it knows. */
function begin(snapshot) {
  ({ nick, commands, blacklist, server } = snapshot);
  isConnected = snapshot.is_connected;
  isStarting = snapshot.is_starting;
  largestFile = snapshot.largest_file;
  notes = [...snapshot.notes, ...notes.filter(({ isLocal }) => isLocal)];
  keepDraft();
  const before = new Map(conversations);
  conversations.clear();
  snapshot.conversations.forEach(summarize);
  // What was begun stays with the same people, who may have other names by now.
  const now = new Map([...conversations].map(([key, { id }]) => [id, key]));
  let goesOn = null;
  before.forEach((known, key) => {
    const { id, draft, sent } = known;
    const same = now.get(id) ?? null;
    if (same === null && draft.trim()) note(`Not sent: ${draft}`);
    if (same === null) return;
    Object.assign(conversations.get(same), { draft, sent });
    if (key === current) goesOn = same;
  });
  if (before.size === 0) {
    // At the start the terminal's target is a room in which we are not yet.
    const wanted = [sessionStorage.conversation, snapshot.target].map((name) => fold(name ?? ''));
    current = wanted.find((key) => conversations.has(key)) ?? conversations.keys().next().value ?? null;
    if (current !== null) byId('message').value = conversations.get(current).draft;
  } else {
    current = goesOn;
    if (current === null) byId('message').value = '';
  }
  byId('directory').hidden = !has('/chat');
  showConnection();
  putQuestion(snapshot.question);
  showTransfers(snapshot.transfers);
  if (current === null) show();
  else open(nameOf(current));
}

function summarize({ name, id, unread, people, topic, is_aside: isAside = false }) {
  const key = fold(name);
  const draft = draftsBefore.get(id) ?? '';
  const fresh = { events: null, members: [], ranks: new Map(), n: 0, draft, sent: [] };
  const known = conversations.get(key) ?? fresh;
  draftsBefore.delete(id);
  if (unread === 0 && told.delete(key)) byId('told').textContent = '';
  if (key === current && known.people !== people) refreshPeople();
  conversations.set(key, { ...known, name, id, unread, people, topic, isAside });
  if (key === current) {
    byId('topic').textContent = topic;
  }
}

/** Puts an event where it belongs. */
function record(event) {
  const places = event.conversations ?? (event.conversation === undefined ? null : [event.conversation]);
  // A room that we have left is shown no more, and one into which we are invited not yet.
  if (places === null || ['we_left', 'invited'].includes(event.type)) {
    notes.push(event);
    if (notes.length > 200) notes.shift();
    appendNews(event);
    return answer(event.sentence ?? '');
  }
  for (const name of places) {
    const conversation = conversations.get(fold(name));
    // What was held back while the user slept may be there already.
    if (event.msgid && conversation?.ids?.has(event.msgid)) continue;
    // Its first events are still on their way.
    if (conversation?.early) conversation.early.push(event);
    if (conversation?.events && event.n > conversation.n) {
      conversation.events.push(event);
      conversation.ids.add(event.msgid);
      if (conversation.events.length > MOST_ROWS) conversation.ids.delete(conversation.events.shift().msgid);
      if (fold(name) === current) appendNews(event);
    }
  }
  if (['renamed', 'mode', 'removed'].includes(event.type)) refreshPeople();
  if (event.type === 'mode') delete conversations.get(fold(event.conversation))?.bans;
  if (event.sentence && (event.type === 'note' || places.includes(dialog.dataset.room))) answer(event.sentence);
  attract(event);
}

/** What was written in this window for somebody elsewhere is also shown where it was written. */
function echo({ n, time, conversation, text }) {
  const at = typed.findIndex((line) => line.text !== text && line.text.includes(text));
  if (at < 0) return;
  const [{ from }] = typed.splice(at, 1);
  if (!conversations.has(from) || from === fold(conversation)) return;
  record({ type: 'note', n, time, conversation: nameOf(from), sentence: `(to ${conversation}) ${text}` });
}

/** A conversation has ended. What the user is writing there goes to nobody else. */
function forget(name) {
  const { draft } = conversations.get(fold(name)) ?? {};
  if (current === fold(name) && recalled > 0) [input.value, recalled] = [draft, 0];
  conversations.delete(fold(name));
  if (current !== fold(name)) {
    if (draft?.trim()) note(`Not sent: ${draft}`);
    return showSoon();
  }
  const isOfIt = (event) => event.type === 'we_left' && fold(event.conversation ?? '') === current;
  goNowhere(notes.findLast(isOfIt)?.sentence ?? `${name} is closed`);
}

/** A person with whom we talk has another name: what is being written goes to the same person still. */
function rename(old, name) {
  if (muted.has(fold(old))) setMuted(name, true);
  closeAbout(old, name);
  if (fold(old) !== fold(name) && conversations.has(fold(name))) forget(name);
  const known = conversations.get(fold(old));
  conversations.delete(fold(old));
  // What was said under that name before belongs to it, too.
  if (known) conversations.set(fold(name), { ...known, name, events: null });
  if (current !== fold(old)) return;
  current = fold(name);
  sessionStorage.conversation = name;
  load(current).then(show);
}

/** What is open about somebody must not be done to another who takes the name. */
function closeAbout(old, name) {
  if (fold(old) !== fold(subject ?? '') || fold(old) === fold(name)) return;
  byId('menu').hidePopover();
  dialog.close();
  complain(`${old} is called ${name} now; nothing was done`);
}

const nameOf = (key) => conversations.get(key)?.name ?? null;

// --- Conversations ------------------------------------------------------------------------------

/** Shows a conversation, also one with a person to whom nothing was said yet. */
async function open(name) {
  const key = fold(name);
  keepDraft();
  if (key !== current) complain('');
  if (!conversations.has(key)) summarize({ name, unread: 0, people: 0, topic: '' });
  // Others may have come and gone meanwhile.
  else refreshPeople();
  [current, recalled] = [key, 0];
  sessionStorage.conversation = name;
  showTitle();
  showPanel(false);
  const conversation = conversations.get(key);
  byId('message').value = conversation.draft ?? '';
  if (conversation.events === null) await load(key);
  if (current !== key) return;
  show();
  byId('message').focus();
}

/** Asks what was said in a conversation, and by whom it is led. */
async function load(key) {
  conversations.get(key).early = [];
  try {
    const answer = await ask(`/conversation?name=${encodeURIComponent(nameOf(key))}`);
    notePeople(key, answer);
    const { id, n, events } = answer;
    const early = conversations.get(key)?.early ?? [];
    events.push(...early.filter((event) => event.n > n));
    const ids = new Set(events.map(({ msgid }) => msgid));
    Object.assign(conversations.get(key) ?? {}, { id, n, events, ids, early: null });
  } catch (error) {
    complain(error);
  }
}

/** Who is in a conversation, with their ranks, and who of them is away. */
function notePeople(key, { members, ranks, away: found }) {
  noteAway(members, found);
  // A map, since a person may be called constructor.
  Object.assign(conversations.get(key) ?? {}, { members, ranks: new Map(Object.entries(ranks)) });
}

/** The conversation that is shown has ended. What the user is writing stays in sight, and goes to no other one. */
function goNowhere(why) {
  complain(byId('message').value.trim() ? `${why}; what you are writing was not sent` : why);
  current = null;
  show();
}

/** On a narrow screen the lists hide behind a button. */
function showPanel(isShown) {
  const lists = byId('lists');
  lists.classList.toggle('shown', isShown);
  byId('show-lists').ariaExpanded = `${isShown}`;
  if (lists.contains(document.activeElement) && !lists.checkVisibility()) byId('message').focus();
}

/** Keeps what is being written where it was begun. It also outlasts that the page is loaded again. */
function keepDraft() {
  const [conversation, text] = [conversations.get(current), byId('message').value];
  if (conversation && recalled === 0) conversation.draft = text;
  // An earlier line, changed.
  else if (conversation && text.trim() && text !== conversation.sent.at(-recalled)) conversation.sent.push(text);
  // Its conversation has ended.
  else if (!conversation && text.trim()) note(`Not sent: ${text}`);
  if (!conversation) byId('message').value = '';
  const drafts = [...conversations.values()].map(({ id, draft }) => [id, draft]).filter(([, draft]) => draft);
  const own = notes.filter(({ isLocal }) => isLocal);
  if (run && !hasEnded) sessionStorage.drafts = JSON.stringify({ run, drafts, own });
}

/** Says something in this window alone. */
function note(sentence) {
  record({ type: 'note', sentence, time: new Date().toISOString(), isLocal: true });
}

addEventListener('pagehide', keepDraft);

let isRefreshing = false;

/** Asks who is here now; those on the blacklist come and go without an event. */
async function refreshPeople() {
  if (isRefreshing) return;
  isRefreshing = true;
  await pause(0.3);
  isRefreshing = false;
  const [key, name] = [current, nameOf(current)];
  if (name === null || !(isRoom(name) || conversations.get(key).isAside)) return;
  const answer = await ask(`/conversation?name=${encodeURIComponent(name)}&events=none`).catch(() => null);
  if (!answer) return;
  notePeople(key, answer);
  showLists();
}

let isReading = false;

async function readIfSeen() {
  const conversation = conversations.get(current);
  if (isReading || !(conversation?.unread > 0) || document.hidden || !conversation.events || !isAtEnd) return;
  isReading = true;
  // More may have come meanwhile.
  await post('/read', { conversation: conversation.name }).then(showSoon, complain);
  isReading = false;
}

let isDrawingSoon = false;

/** Draws what has changed in the lists, once for all that comes at the same time. */
async function showSoon() {
  if (isDrawingSoon) return;
  isDrawingSoon = true;
  await pause(0.05);
  isDrawingSoon = false;
  showLists();
  readIfSeen();
}

// --- Drawing ------------------------------------------------------------------------------------

function element(name, className = '', ...content) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...content);
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
  // A screen reader says what comes, but not all that was said before.
  byId('messages').ariaLive = 'off';
  pause(0.5).then(() => { byId('messages').ariaLive = 'polite'; });
  byId('rows').replaceChildren();
  previous = null;
  const conversation = conversations.get(current);
  if (!conversation) put(element('div', 'day', 'Choose a conversation'));
  const events = [...(conversation?.events ?? []), ...notes.filter((note) => note.sentence)];
  for (const event of events) event.at ??= Date.parse(event.time);
  events.sort((one, other) => one.at - other.at);
  const unseen = conversation?.unread ?? 0;
  const saidAt = events.flatMap((event, at) => (event.type === 'said' ? [at] : []));
  const firstUnseen = unseen > 0 ? saidAt.at(-Math.min(unseen, saidAt.length)) : undefined;
  events.forEach((event, at) => {
    if (at === firstUnseen) put(element('div', 'new', 'new'));
    append(event);
  });
  scrollDown();
  if (!byId('search').hidden) search();
  readIfSeen();
}

function showTitle() {
  const conversation = conversations.get(current);
  byId('title').textContent = conversation?.name ?? 'groupchat';
  byId('topic').textContent = conversation?.topic ?? '';
  document.title = `${conversation?.name ?? 'groupchat'} – groupchat`;
  byId('aside').hidden = !conversation?.isAside;
}

function showConnection(text, isLost = !isConnected && !isStarting) {
  const starting = question ? 'Not connected yet' : `Connecting to ${server} …`;
  const absent = isStarting ? starting : 'No connection to the server; trying again';
  const usual = isConnected ? `You are ${nick}` : absent;
  // Screen readers say it whenever it is written.
  if (byId('connection').textContent !== (text ?? usual)) byId('connection').textContent = text ?? usual;
  byId('connection').classList.toggle('lost', isLost);
}

/** Brings a list up to date. What stays is the same element, so that the keyboard and a menu stay where they are. */
function fill(list, entries, make) {
  const wanted = new Set(entries.map(({ name }) => name));
  const focused = [...list.children].findIndex((item) => item.contains(document.activeElement));
  for (const item of [...list.children]) if (!wanted.has(item.dataset.name)) item.remove();
  const known = new Map([...list.children].map((item) => [item.dataset.name, item]));
  entries.forEach((entry, at) => {
    const item = known.get(entry.name) ?? element('li');
    if (list.children[at] !== item) list.insertBefore(item, list.children[at] ?? null);
    const drawn = JSON.stringify(entry);
    if (item.dataset.drawn !== drawn) make(item, entry);
    Object.assign(item.dataset, { name: entry.name, drawn });
  });
  // One of them is a stop of Tab; the arrow keys lead to the others.
  const stop = list.querySelector('[aria-current]') ?? list.querySelector('button');
  for (const item of list.children) item.firstChild.tabIndex = item.firstChild === stop ? 0 : -1;
  // Whoever was there has gone: the keyboard goes on with the next one.
  if (focused >= 0 && !list.contains(document.activeElement)) {
    ([...list.children].at(Math.min(focused, list.children.length - 1))?.firstChild ?? byId('message')).focus();
  }
}

function showLists() {
  fill(byId('conversations'), [...conversations.values()].map(({ name, unread }) => {
    const isCurrent = fold(name) === current;
    return { name, isCurrent, isMuted: muted.has(fold(name)), unread: isCurrent && !document.hidden ? 0 : unread };
  }), makeConversation);
  const unread = [...conversations.values()].filter((known) => known.unread && fold(known.name) !== current).length;
  byId('show-lists').textContent = unread ? `Lists (${unread} new)` : 'Lists';
  const { name = '', members = [], ranks } = conversations.get(current) ?? {};
  const isPrivate = name && !isRoom(name) && !name.includes(' ');
  const person = (name) => {
    const known = { marks: ranks.get(fold(name)) ?? '', isBlack: isBlack(name), why: away.get(fold(name)) };
    return { name, ...known };
  };
  fill(byId('people'), (isPrivate ? [name] : members.slice(0, MOST_PEOPLE)).map(person), makePerson);
  const more = isPrivate ? 0 : members.length - MOST_PEOPLE;
  byId('people-title').textContent = more > 0 ? `People (${more} more are not shown)` : 'People';
}

function makeConversation(item, { name, isCurrent, isMuted, unread }) {
  if (!item.firstChild) {
    const more = button('', () => openMenu(`About ${name}`, aboutConversation(name), more), 'more');
    more.setAttribute('aria-haspopup', 'menu');
    more.setAttribute('aria-label', `About ${name}`);
    more.tabIndex = -1;
    item.append(button('', () => open(name)), more);
  }
  const made = item.firstChild;
  made.className = unread && !isMuted ? 'unread' : '';
  made.ariaCurrent = isCurrent ? 'true' : null;
  made.replaceChildren(element('bdi', '', name));
  if (isMuted) made.append(' ', element('span', 'quiet', 'muted'));
  if (unread) made.append(' ', element('span', '', `${unread}`, element('span', 'hidden', ' unread')));
}

const RANKS = { '~': 'owner', '&': 'admin', '@': 'operator', '%': 'half-operator', '+': 'has voice' };

function makePerson(item, { name, marks, isBlack, why }) {
  if (!item.firstChild) {
    const made = button('', () => openPerson(name, made));
    made.setAttribute('aria-haspopup', 'menu');
    item.append(made);
  }
  const made = item.firstChild;
  made.replaceChildren(element('bdi', colour(name), name));
  const words = [RANKS[marks[0]], isBlack && 'on your blacklist', why !== undefined && 'away'];
  const said = words.filter(Boolean).join(', ');
  if (said) made.append(' ', element('span', 'quiet', said));
  made.title = why ? `away: ${why}` : '';
}

function colour(name) {
  let sum = 0;
  for (const character of fold(name)) sum = (sum * 31 + character.codePointAt(0)) % 1039;
  return `c${sum % 8}`;
}

const CHUNK = 100; // rows that the browser draws, or passes over, together
const DAY = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const MINUTE = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const MOST_PASSERS = 2000; // people who are counted in one row
let previous = null; // the row before, to condense those who come and go

/** Puts a row at the end. The oldest go in whole chunks. */
function put(row) {
  const rows = byId('rows');
  if (!(rows.lastChild?.childElementCount < CHUNK)) rows.append(element('div', 'chunk'));
  rows.lastChild.append(row);
  if (rows.childElementCount > MOST_ROWS / CHUNK) rows.firstChild.remove();
}

let isAtEnd = true; // the last row is in view
let missed = 0; // messages that have come since it is not
let hasLeft = false; // the user has gone to another window, and nothing was said since

/** Appends an event that has just happened. A reader who has scrolled up stays there. */
function appendNews(event) {
  append(event);
  searchSoon();
  if (isAtEnd || event.text === undefined) return;
  missed += 1;
  const messages = missed === 1 ? '1 new message' : `${missed} new messages`;
  byId('to-end').textContent = `${messages}, go to the end`;
  byId('to-end').hidden = false;
}

function append(event) {
  if (!event.sentence && event.text === undefined) return;
  const when = new Date(event.time);
  const day = when.toDateString();
  if (day !== (previous?.day ?? new Date().toDateString())) put(element('div', 'day', DAY.format(when)));
  const isPassing = ['joined', 'left'].includes(event.type);
  // Only who left for the same reason is counted together.
  const reason = event.type === 'left' ? / \(.*\)$/s.exec(event.sentence)?.[0] ?? '' : '';
  const isMore = previous?.day === day && previous.reason === reason && previous.passers?.size < MOST_PASSERS;
  if (isPassing && isMore) return pass(previous, event);
  if (event.type === 'said' && document.hidden && hasLeft) {
    hasLeft = false;
    byId('rows').querySelector('.new')?.remove();
    put(element('div', 'new', 'new'));
  }
  // Among people alone everything is for them.
  const mentions = event.mentions && isRoom(event.conversation ?? '') ? ' mentions' : '';
  const row = element('div', `row${mentions}${isQuiet(event) ? ' quiet' : ''}`);
  const time = element('time', '', MINUTE.format(when));
  time.dateTime = event.time;
  if (mentions) time.append(element('span', 'hidden', ' for you '));
  const table = event.is_table ? ` table${event.sentence.includes('\n') ? ' columns' : ''}` : '';
  const text = element('p', event.text === undefined ? `news${table}` : '');
  if (event.text !== undefined) {
    const name = nameOfSpeaker(event.from);
    const stored = event.waited ? `(stored, of ${DATE.format(when)}) ` : '';
    const mark = event.uncertain ? `(perhaps shown before) ${stored}` : stored;
    const [before, after] = { action: ['* ', ' '], notice: ['-', '- '] }[event.manner] ?? ['', ': '];
    text.append(mark + before, name, after, element('bdi', '', event.text));
  } else {
    text.textContent = event.sentence;
  }
  row.append(time, text);
  if (event.type === 'offered' && !event.comes && !event.isSettled) {
    const [fetchIt, declineIt] = [`/get ${event.id}`, `/decline ${event.id}`];
    const decline = () => carryOut(declineIt).then(() => {
      event.isSettled = true;
      settle(choice);
    }, complain);
    const choice = element('span', '', ' ', button('Fetch', () => command(fetchIt)), ' ', button('Decline', decline));
    choice.dataset.offer = event.id;
    text.append(choice);
  }
  if (event.type === 'invited') text.append(' ', button('Enter', () => command(`/join ${event.conversation}`)));
  const possible = (event.actions ?? []).filter(([, typed]) => has(typed.split(' ')[0]));
  const buttons = possible.map(([words, typed]) => button(words, () => command(typed)));
  if (possible.length > 0) {
    const actions = element('span', 'actions');
    actions.append(...buttons);
    text.append(actions);
  }
  if (event.type === 'saved') {
    byId('rows').querySelectorAll(`[data-offer="${event.id}"]`).forEach(settle);
    showFile(event, text);
  }
  const about = event.name ?? (event.type === 'invited' ? event.conversation : null);
  for (const part of row.querySelectorAll(STOPS)) {
    if (about && part.matches('button')) part.ariaLabel = `${part.textContent} ${about}`;
    part.tabIndex = -1;
    setStop(part);
  }
  put(row);
  previous = { day, text, reason };
  if (isPassing) pass(previous, event);
}

const STOPS = '.nick, button';
let stop = null; // the name or button beside messages that Tab leads to, the last; the arrow keys lead to the others

function setStop(part) {
  if (stop) stop.tabIndex = -1;
  stop = part ?? null;
  if (stop) stop.tabIndex = 0;
}

let sought = null; // the part of a row that is being brought into view

/** Brings it into view, again when the rows around it turn out to be higher than the browser has guessed. */
async function bring(part) {
  sought = part;
  for (let tries = 0; tries < 5 && sought === part; tries++) {
    part.scrollIntoView({ block: 'nearest' });
    await new Promise(requestAnimationFrame);
  }
}

/** What was offered has come, or was declined. */
function settle(choice) {
  const hadFocus = choice.contains(document.activeElement);
  choice.remove();
  setStop([...byId('rows').querySelectorAll(STOPS)].at(-1));
  if (hadFocus) byId('message').focus();
}

/** A name in a message, with its menu. */
function nameOfSpeaker(from) {
  const name = element('bdi', `nick ${colour(from)}`, from);
  name.setAttribute('role', 'button');
  name.setAttribute('aria-haspopup', 'menu');
  return name;
}

/** Somebody has come or left; they count once, however often they do. Drawn once for all that happens together. */
function pass(row, { type, nick: name }) {
  const isHere = type === 'joined';
  if (row.passers && !row.isDrawingSoon) {
    row.isDrawingSoon = true;
    requestAnimationFrame(() => {
      row.isDrawingSoon = false;
      // Whoever listens has heard the beginning.
      row.text.ariaLive = 'off';
      row.text.textContent = condensed(row);
      searchSoon();
    });
  }
  row.passers ??= new Map();
  const { wasHere } = row.passers.get(fold(name)) ?? { wasHere: !isHere };
  row.passers.set(fold(name), { name, wasHere, isHere });
}

/** "anna, ben and 2 others joined; carl left", as the terminal says it */
function condensed({ passers, reason }) {
  const part = (was, is, verb) => {
    const those = [...passers.values()].filter(({ wasHere, isHere }) => wasHere === was && isHere === is);
    const names = those.map(({ name }) => name);
    if (names.length === 0) return [];
    const few = names.length > 3 ? [...names.slice(0, 2), `${names.length - 2} others`] : names;
    return [`${[few.slice(0, -1).join(', '), few.at(-1)].filter(Boolean).join(' and ')} ${verb}`];
  };
  return [...part(false, true, 'joined'), ...part(true, false, 'left'), ...part(false, false, 'joined and left again'),
    ...part(true, true, 'left and came back')].join('; ') + reason;
}

/** The list is laid out from its end, so that is 0. */
function scrollDown() {
  byId('messages').scrollTop = 0;
  [isAtEnd, missed, sought] = [true, 0, null];
  readIfSeen();
  byId('to-end').hidden = true;
}

// --- Files --------------------------------------------------------------------------------------

const IMAGES = /\.(png|jpe?g|gif|webp)$/i;
const LARGEST_IMAGE = 10 * 1024 * 1024;
const MOST_PICTURES = 50; // that are kept
const pictures = new Map(); // addresses of images in this window, by their file; the one that was used last is the last

async function blobOf(id) {
  const response = await fetch(`/files/${id}`, authorized());
  if (!response.ok) throw new Error((await response.json()).error);
  return response.blob();
}

/** A file that has come: a button to save it from the browser, and the image itself if it is one. */
function showFile({ id, name, size, time }, text) {
  text.append(' ', button('Save as …', async () => {
    try {
      const link = element('a');
      link.href = URL.createObjectURL(await blobOf(id));
      link.download = name;
      link.click();
      // The browser has begun to save it by then.
      pause(60).then(() => URL.revokeObjectURL(link.href));
    } catch (error) {
      complain(error);
    }
  }));
  if (!IMAGES.test(name) || size > LARGEST_IMAGE) return;
  whenSeen(text, async () => {
    // After a restart of the server another file may have this number.
    const address = await pictureOf(id, `${id} ${time}`);
    if (address) text.append(Object.assign(element('img'), { alt: name, src: address }));
  });
}

/** Does something when an element comes near to what is in view, once. */
function whenSeen(seen, act) {
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
    observer.disconnect();
    act();
  }, { root: byId('messages'), rootMargin: '300px' });
  observer.observe(seen);
}

/** The address of an image in this window, or nothing if it is none. It is fetched once, as long as it is kept. */
function pictureOf(id, key) {
  const address = pictures.get(key) ?? blobOf(id).then(
    (blob) => blob.type.startsWith('image/') && still(blob),
  ).catch(() => void pictures.delete(key));
  pictures.delete(key);
  pictures.set(key, address);
  if (pictures.size > MOST_PICTURES) {
    const [[oldest, forgotten]] = pictures;
    pictures.delete(oldest);
    forgotten.then((known) => known && URL.revokeObjectURL(known));
  }
  return address;
}

/** The address of an image that is neither large nor moves: what others send must not keep the browser busy. */
async function still(blob) {
  const bitmap = await createImageBitmap(blob);
  const scale = Math.min(1, 768 / bitmap.width, 512 / bitmap.height);
  const canvas = new OffscreenCanvas(Math.ceil(bitmap.width * scale), Math.ceil(bitmap.height * scale));
  canvas.getContext('2d').drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return URL.createObjectURL(await canvas.convertToBlob());
}

function picture(blob, alt) {
  const image = element('img');
  image.alt = alt;
  image.src = URL.createObjectURL(blob);
  image.onload = () => URL.revokeObjectURL(image.src);
  return image;
}

/** What is pasted or dropped is sent after a question: a slip of the hand is no wish to send. */
function offer(files, { name, id } = conversations.get(current) ?? {}) {
  if (name === undefined) return complain('Choose a conversation first');
  const list = element('ul', '', ...files.map((file) => {
    const item = element('li', '', element('bdi', '', file.name), ` (${Math.ceil(file.size / 1024)} KiB)`);
    if (IMAGES.test(file.name) && file.size <= LARGEST_IMAGE) item.append(picture(file, ''));
    return item;
  }));
  const who = isRoom(name) ? `everybody in ${name}` : `${name} alone`;
  const question = form(`Send to ${who}`, [], () => {
    dialog.close();
    send(files, name, id);
  });
  openDialog(files.length === 1 ? 'Send this file?' : `Send these ${files.length} files?`, list, question);
  subject = name;
  question.lastChild.focus();
}

/** Sends files to a conversation, if it is still the same: the name may be somebody else's by now. */
async function send(files, conversation, id) {
  for (const file of files) {
    try {
      checkStream();
      if (file.size > largestFile) throw new Error(`${file.name} is too large`);
      const query = new URLSearchParams({ name: file.name, conversation, id: id ?? '' });
      await ask(`/files?${query}`, { method: 'POST', body: file });
    } catch (error) {
      complain(error);
    }
  }
}

function showTransfers(list) {
  // Those that the server does not know yet have no number.
  const entry = (one, at) => ({ ...one, file: one.name, name: `${one.id ?? `${at} ${one.name}`}` });
  fill(byId('transfers'), list.map(entry), makeTransfer);
}

function makeTransfer(item, { id, file, is_upload: isUpload, is_running: isRunning, done, total, figures }) {
  if (!item.firstChild) {
    const cancel = button('Cancel', () => command(`/cancel ${id ?? file}`));
    const bar = element('progress');
    [cancel.ariaLabel, bar.ariaLabel] = [`Cancel ${file}`, file];
    item.append(cancel, element('span', '', `${isUpload ? 'Sending' : 'Fetching'} ${file}`), bar, element('span'));
  }
  Object.assign(item.querySelector('progress'), { max: Math.max(total, 1), value: done });
  item.lastChild.textContent = isRunning ? figures : 'waiting';
}

// --- Menus ----------------------------------------------------------------------------------------

/** Opens a menu of pairs, a text and what it does, beside an element, to which the keyboard then comes back. */
function openMenu(label, entries, from) {
  const menu = byId('menu');
  if (menu.matches(':popover-open')) menu.hidePopover();
  menu.setAttribute('aria-label', label);
  menu.replaceChildren(...entries.filter(Boolean).map(([text, act]) => {
    const made = button(text, () => {
      menu.hidePopover();
      showPanel(false);
      act();
    });
    made.setAttribute('role', 'menuitem');
    made.tabIndex = -1;
    return made;
  }));
  from.focus();
  menu.showPopover();
  const { left, right, bottom } = from.getBoundingClientRect();
  const [room, high] = [innerWidth - menu.offsetWidth - 8, innerHeight - menu.offsetHeight - 8];
  menu.style.left = `${Math.max(8, Math.min(from.closest('nav') ? right - 40 : left, room))}px`;
  menu.style.top = `${Math.max(8, Math.min(bottom, high))}px`;
  menu.firstChild.focus();
  menu.ontoggle = ({ newState }) => {
    const isNowhere = document.activeElement === document.body || menu.contains(document.activeElement);
    if (newState === 'closed' && isNowhere) (from.checkVisibility() ? from : byId('message')).focus();
    if (!dialog.open && !menu.matches(':popover-open')) subject = null;
  };
}

/** The arrow keys, Home and End go to these elements, and mostly round. */
function rove(event, elements, goesRound = true) {
  const at = elements.indexOf(event.target);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: elements.length - 1 }[event.key];
  if (at < 0 || to === undefined || event.altKey || event.ctrlKey) return;
  event.preventDefault();
  (goesRound ? elements.at(to % elements.length) : elements[to])?.focus();
}

byId('menu').addEventListener('keydown', (event) => {
  if (event.key === 'Tab') byId('menu').hidePopover();
  rove(event, [...byId('menu').children]);
});
byId('transfers').addEventListener('keydown', (event) => {
  rove(event, [...byId('transfers').querySelectorAll('button')]);
});
for (const list of ['conversations', 'people']) {
  byId(list).addEventListener('keydown', (event) => rove(event, [...byId(list).querySelectorAll('li > :first-child')]));
  byId(list).addEventListener('contextmenu', (event) => {
    const item = event.target.closest('li');
    if (!item) return;
    event.preventDefault();
    item.lastChild.click();
  });
}
for (const kind of ['click', 'contextmenu', 'keydown']) {
  byId('rows').addEventListener(kind, (event) => {
    const name = event.target.closest('.nick');
    if (!name) return;
    if (kind === 'keydown' && !['Enter', ' '].includes(event.key)) return;
    event.preventDefault();
    openPerson(name.textContent, name);
  });
}
byId('rows').addEventListener('keydown', (event) => {
  rove(event, [...byId('rows').querySelectorAll(STOPS)], false);
  if (event.defaultPrevented && byId('rows').contains(document.activeElement)) bring(document.activeElement);
});
byId('messages').addEventListener('keydown', (event) => {
  if (event.target !== event.currentTarget || !['Home', 'End'].includes(event.key)) return;
  event.preventDefault();
  if (event.key === 'End') scrollDown();
  else if (byId('rows').firstChild) bring(byId('rows').firstChild.firstChild);
});
byId('more').addEventListener('click', (event) => {
  const name = nameOf(current);
  const entries = [
    ['Search …', openSearch],
    ['Enter a room, write to somebody …', startConversation],
    ['Options …', openOptions],
    ['Help', openHelp],
  ];
  openMenu('More', [...(name === null ? [] : aboutConversation(name)), ...entries], event.currentTarget);
});

const isBlack = (name) => blacklist.some((other) => fold(other) === fold(name));

let subject = null; // the person about whom a menu or a dialog is open

/** The menu of a person. Whether they are banned is asked of the server, once, and for operators alone. */
async function openPerson(name, from) {
  const label = `About ${name}`;
  openMenu(label, aboutPerson(name), from);
  const conversation = conversations.get(current);
  if (!conversation || !runs(conversation) || conversation.bans) return;
  const { bans } = await ask(`/room?name=${encodeURIComponent(conversation.name)}`).catch(() => ({ bans: [] }));
  const known = conversations.get(fold(conversation.name));
  if (known) known.bans = bans;
  const menu = byId('menu');
  if (banOf(name, { bans }) && menu.matches(':popover-open') && menu.ariaLabel === label) {
    openMenu(label, aboutPerson(name), from);
  }
}

// A mask of several words would be several parameters.
const banOf = (name, { bans }) => bans?.find((mask) => fold(mask).startsWith(`${fold(name)}!`) && !/\s/.test(mask));

/** Whether the user is an operator there. */
const runs = (conversation) => /[~&@%]/.test(conversation?.ranks.get(fold(nick)) ?? '');

/** What can be done with a person, and with their part in the room that is shown. */
function aboutPerson(name) {
  // In a room without the server people are called as they like: they may be nobody there, or somebody else.
  if (conversations.get(current)?.isAside) return [aboutMuting(name)];
  subject = name;
  const isMe = fold(name) === fold(nick);
  const entries = [
    !isMe && [`Write to ${name}`, () => open(name)],
    ['Who is that?', () => command(`/whois ${name}`)],
    has('/fingerprint') && ['Fingerprint of the key', () => command(`/fingerprint ${name}`)],
  ];
  if (isMe) return entries;
  const rooms = [...conversations.values()].filter((known) => isRoom(known.name) && !isMember(name, known));
  entries.push(
    aboutMuting(name),
    isBlack(name) ? ['Take off the blacklist', () => command(`/unblock ${name}`)]
      : ['Blacklist: see nothing more', () => command(`/black ${name}`)],
    rooms.length > 0 && ['Invite to …', () => chooseRoom(name, rooms)],
  );
  return [...entries, ...aboutMember(name)];
}

const isMember = (name, { members }) => members.some((member) => fold(member) === fold(name));

/** What an operator may do with somebody in the room that is shown. */
function aboutMember(name) {
  const conversation = conversations.get(current);
  if (!runs(conversation)) return [];
  const { name: room, ranks } = conversation;
  const marks = ranks.get(fold(name)) ?? '';
  const mode = (change) => () => carryOut(`/mode ${room} ${change} ${name}`, room).catch(complain);
  const mask = banOf(name, conversation);
  const ban = mask
    ? [`Lift the ban from ${room}`, () => carryOut(`/mode ${room} -b ${mask}`, room).catch(complain)]
    : [`Ban from ${room} …`, () => askToBan(name, room)];
  if (!isMember(name, conversation)) return [ban];
  return [
    marks.includes('@') ? ['Make no operator', mode('-o')] : ['Make an operator', mode('+o')],
    marks.includes('+') ? ['Take the voice', mode('-v')] : ['Give a voice', mode('+v')],
    [`Remove from ${room} …`, () => askFor(`Remove ${name} from ${room}`, [['Reason', '']], 'Remove',
      (reason) => carryOut(`/kick ${name} ${reason}`.trim(), room), name)],
    ban,
  ];
}

function askToBan(name, room) {
  const fields = [['Who fits this mask', `${name}!*@*`], ['Reason', ''], ['Also remove them now', true]];
  askFor(`Ban ${name} from ${room}`, fields, 'Ban', async (mask, reason, removes) => {
    await carryOut(`/mode ${room} +b ${oneWord(mask)}`, room);
    const isThere = isMember(name, conversations.get(fold(room)));
    if (removes && isThere) await carryOut(`/kick ${name} ${reason}`.trim(), room);
  }, name);
}

function chooseRoom(name, rooms) {
  const from = document.activeElement;
  openMenu(`Invite ${name} to`, rooms.map((room) => [room.name, () => command(`/invite ${name} ${room.name}`)]), from);
}

function aboutConversation(name) {
  // No room and no person has a space in the name.
  if (name.includes(' ')) return [aboutMuting(name)];
  if (!isRoom(name)) {
    const close = () => command(`/close ${name}`);
    return [...aboutPerson(name).slice(fold(name) === current ? 1 : 0), ['Close this conversation', close]];
  }
  return [
    ['Topic and settings …', () => openSettings(name)],
    ['Invite somebody …', () => askFor(`Invite to ${name}`, [['Name', '']], 'Invite',
      (who) => carryOut(`/invite ${oneWord(who)} ${name}`, name))],
    aboutMuting(name),
    [`Leave ${name}`, () => command(`/part ${name}`)],
  ];
}

const aboutMuting = (name) => (muted.has(fold(name))
  ? ['Unmute', () => setMuted(name, false)]
  : ['Mute: no sound, no notification', () => setMuted(name, true)]);

// --- Dialogs --------------------------------------------------------------------------------------

const dialog = byId('dialog');

function openDialog(title, ...content) {
  subject = null;
  dialog.dataset.room = '';
  byId('dialog-title').textContent = title;
  byId('dialog-content').replaceChildren(...content);
  answer('');
  if (!dialog.open) dialog.showModal();
  byId('dialog-title').focus();
}

/** Says something in the dialog, if there is one: also what the server answers to a change. */
function answer(text) {
  byId('answer').textContent = text.message ?? text;
}

byId('close').addEventListener('click', () => dialog.close());

/** A field with its label: a box to tick for true or false, else a text. */
function field(label, value, type = typeof value === 'boolean' ? 'checkbox' : 'text') {
  const input = Object.assign(element('input'), { type }, type === 'checkbox' ? { checked: value } : { value });
  return [element('label', type, ...(type === 'checkbox' ? [input, label] : [label, input])), input];
}

/** A list of names, each with a button. */
function names(list, verb, act) {
  return element('ul', '', ...list.map((name) => {
    const made = button(verb, () => Promise.resolve(name).then(act).catch(answer));
    made.setAttribute('aria-label', `${verb}: ${name}`);
    return element('li', '', element('bdi', '', name), ' ', made);
  }));
}

function form(verb, fields, act) {
  const made = element('form', '', ...fields, element('button', '', verb));
  made.addEventListener('submit', (event) => {
    event.preventDefault();
    answer('');
    Promise.resolve().then(act).catch(answer);
  });
  return made;
}

/** Asks for texts, and hands them to what is done with them, perhaps to a person. */
function askFor(title, fields, verb, act, about = null) {
  const made = fields.map(([label, value]) => field(label, value));
  const values = () => made.map(([, input]) => (input.type === 'checkbox' ? input.checked : input.value.trim()));
  openDialog(title, form(verb, made.map(([label]) => label), async () => {
    await act(...values());
    dialog.close();
  }));
  subject = about;
  made[0][1].focus();
}

/** A parameter of a command is one word; another would be taken for the next parameter. */
function oneWord(text) {
  if (/^[^\s,]+$/.test(text)) return text;
  throw new Error(text ? 'That has to be one word without a comma' : 'Please fill in the first field');
}

function startConversation() {
  const fields = [['#room, or the name of a person', ''], ['Key, if the room has one', '']];
  askFor('Enter a room, or write to somebody', fields, 'Go', (name, key) => {
    oneWord(name);
    return carryOut(isRoom(name) ? `/join ${name} ${key && oneWord(key)}`.trim() : `/to ${name}`);
  });
}

const FLAGS = {
  i: 'Only people who are invited enter',
  m: 'Only people with voice talk',
  n: 'Only members talk',
  s: 'In no list',
  t: 'Only operators set the topic',
};

/** The topic of a room, its modes and its bans. Each change is a command; the answer of the server is said below. */
async function openSettings(room) {
  const title = `Settings of ${room}`;
  openDialog(title, element('p', '', 'Asking the server …'));
  dialog.dataset.room = room;
  let key = '';
  const mode = (text) => change(`/mode ${room} ${text}`);
  const change = (text) => carryOut(text, room).catch(answer).then(renew);
  const [topicLabel, topic] = field('Topic', '');
  const topicForm = form('Set topic', [topicLabel], () => change(`/topic ${trimmed(topic) || '-delete'}`));
  const flags = Object.entries(FLAGS).map(([letter, label]) => {
    const [made, input] = field(label, false);
    input.addEventListener('change', () => mode(`${input.checked ? '+' : '-'}${letter}`));
    return { letter, made, input };
  });
  const [keyLabel, keyInput] = field('Key that is needed to enter; empty for none', '');
  const [limitLabel, limit] = field('Most people; empty for no limit', '');
  const [maskLabel, mask] = field('Ban another mask, such as name!*@*', '');
  const [legend, bans] = [element('legend'), element('div')];
  const trimmed = (input) => input.value.trim();
  const setOrNot = (letter, input, old) => {
    const text = trimmed(input);
    return mode(text ? `+${letter} ${oneWord(text)}` : `-${letter}${old}`);
  };
  const set = element('fieldset', '', legend, ...flags.map(({ made }) => made),
    form('Set key', [keyLabel], () => setOrNot('k', keyInput, ` ${oneWord(key || '*')}`)),
    form('Set limit', [limitLabel], () => setOrNot('l', limit, '')), bans,
    form('Ban', [maskLabel], () => mode(`+b ${oneWord(trimmed(mask))}`).then(() => { mask.value = ''; })));
  // What the user is writing stays.
  const show = (input, value) => {
    if ([input.dataset.shown ?? '', value].includes(input.value)) input.value = input.dataset.shown = value;
  };
  async function renew() {
    const { modes: [letters, ...parameters], bans: masks } = await ask(`/room?name=${encodeURIComponent(room)}`);
    const having = [...letters].filter((letter) => 'kl'.includes(letter));
    const parameter = (letter) => (having.includes(letter) ? parameters[having.indexOf(letter)] ?? '' : '');
    const conversation = conversations.get(fold(room));
    const at = [...bans.querySelectorAll('button')].indexOf(document.activeElement);
    if (!runs(conversation) && set.contains(document.activeElement)) byId('close').focus();
    set.disabled = !runs(conversation);
    for (const part of topicForm.elements) part.disabled = set.disabled && letters.includes('t');
    legend.textContent = set.disabled ? 'Only operators change these' : 'Only operators like you change these';
    for (const { letter, input } of flags) input.checked = letters.includes(letter);
    key = parameter('k');
    show(topic, conversation?.topic ?? '');
    show(keyInput, key);
    show(limit, parameter('l'));
    const banned = names(masks, 'Lift', (mask) => mode(`-b ${oneWord(mask)}`));
    bans.replaceChildren(masks.length > 0 ? 'Banned:' : 'Nobody is banned', banned);
    if (at >= 0 && !set.disabled) (banned.children[Math.min(at, masks.length - 1)]?.lastChild ?? mask).focus();
  }
  try {
    await renew();
    if (!dialog.open || byId('dialog-title').textContent !== title) return;
    byId('dialog-content').replaceChildren(topicForm, set);
    topic.focus();
  } catch (error) {
    if (byId('dialog-title').textContent === title) answer(error);
  }
}

function openHelp() {
  const pair = ([term, text]) => [element('dt', '', term), element('dd', '', text)];
  const pairs = (all) => element('dl', '', ...all.flatMap(pair));
  const keys = {
    'Enter, Shift-Enter': 'Send; another row',
    'Tab': 'Complete a command, a name, a room; again for the next one; after Esc, leave the input',
    '↑, ↓': 'Lines that you sent here before; in a list, a menu or the names and buttons beside messages: go there',
    'Alt-↑, Alt-↓': 'The conversation before, or after',
    'Ctrl-Shift-F, or / outside the input': 'Search here; Enter goes to older hits, Shift-Enter to newer ones',
    'Shift-F10, or the right mouse button': 'The menu of a name or a conversation',
    'Esc': 'Close a menu, a dialog, the search; go back to the input',
  };
  const start = 'What you write goes to the conversation that is shown. A line that begins with / is a command. '
    + 'Names and conversations have menus.';
  openDialog('Help', element('p', '', start), element('h3', '', 'Keys'), pairs(Object.entries(keys)),
    element('h3', '', 'Commands'), pairs(commands.map(({ usage, help }) => [usage, help])));
}

// --- Search ---------------------------------------------------------------------------------------

let hits = []; // texts that are found: { row, index, range }
let hit = -1; // the one that is shown
let isSearchingSoon = false;

function openSearch() {
  byId('search').hidden = false;
  byId('words').focus();
  byId('words').select();
}

function closeSearch() {
  if (byId('search').hidden) return;
  byId('search').hidden = true;
  byId('words').value = '';
  search();
  input.focus();
}

/** Marks what is found, and goes to the newest. */
function search() {
  find();
  hit = 0;
  goToHit(-1);
}

function find() {
  const words = byId('words').value;
  const pattern = new RegExp(words.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'), 'giu');
  const rows = words ? [...document.querySelectorAll('#rows .row p')] : [];
  hits = rows.flatMap((row) => [...row.textContent.matchAll(pattern)]
    .map((found) => ({ row, index: found.index, range: rangeOf(row, found) })));
  CSS.highlights?.set('found', new Highlight(...hits.map(({ range }) => range)));
}

/** Rows have come or changed: they are searched, too, and the hit that is shown stays. */
async function searchSoon() {
  if (isSearchingSoon || byId('search').hidden) return;
  isSearchingSoon = true;
  await pause(0.1);
  isSearchingSoon = false;
  const before = hits[hit];
  find();
  const same = hits.findIndex(({ row, index }) => row === before?.row && index === before.index);
  hit = same < 0 ? hits.length - 1 : same;
  showHit();
}

/** A part of an element's text, which may have several nodes. */
function rangeOf(row, { index, 0: { length } }) {
  const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
  const range = {};
  for (let start = 0; range.endContainer === undefined && walker.nextNode(); start += walker.currentNode.length) {
    const [node, end] = [walker.currentNode, start + walker.currentNode.length];
    if (index >= start && index < end) Object.assign(range, { startContainer: node, startOffset: index - start });
    if (index + length <= end) Object.assign(range, { endContainer: node, endOffset: index + length - start });
  }
  return new StaticRange(range);
}

function goToHit(step) {
  hit = hits.length > 0 ? (hit + step + hits.length) % hits.length : -1;
  showHit();
  hits[hit]?.row.scrollIntoView({ block: 'center' });
}

function showHit() {
  const count = hits.length > 0 ? `${hit + 1} of ${hits.length}` : 'Not found';
  byId('hits').textContent = byId('words').value ? count : '';
  CSS.highlights?.set('hit', new Highlight(...hits.slice(hit, hit + 1).map(({ range }) => range)));
}

byId('words').addEventListener('input', search);
byId('words').addEventListener('keydown', (event) => {
  if (event.key === 'Enter') goToHit(event.shiftKey ? 1 : -1);
  else return;
  event.preventDefault();
});
byId('search').addEventListener('keydown', (event) => { if (event.key === 'Escape') closeSearch(); });
byId('older').addEventListener('click', () => goToHit(-1));
byId('newer').addEventListener('click', () => goToHit(1));
byId('end-search').addEventListener('click', closeSearch);

// --- Attention: only on request -------------------------------------------------------------------

const isQuiet = ({ from, conversation }) => [from, conversation].some((name) => name && muted.has(fold(name)));
const told = new Set(); // conversations, folded, of which a screen reader has said that something for the user is there
const wants = (what) => localStorage[`groupchat.${what}`] === 'yes';

function setMuted(name, isSo) {
  if (isSo) muted.add(fold(name));
  else muted.delete(fold(name));
  localStorage['groupchat.muted'] = JSON.stringify([...muted]);
  showLists();
  showQuiet();
}

addEventListener('storage', () => {
  muted = mutedNames();
  showLists();
  showQuiet();
});

/** Somebody wrote to the user, or named them, and the user does not look. While they sleep, nothing comes. */
async function attract(event) {
  if (event.type !== 'said' || !event.mentions || isQuiet(event)) return;
  const where = isRoom(event.conversation) ? `named you in ${event.conversation}` : 'wrote to you';
  if (document.hidden) document.title = `(!) ${byId('title').textContent}`;
  else if (fold(event.conversation) === current) return;
  else if (!told.has(fold(event.conversation))) {
    told.add(fold(event.conversation));
    byId('told').textContent = `${event.from} ${where}`;
  }
  if (!wants('sound') && !wants('notifications')) return;
  // Another window may show it.
  await pause(0.5);
  if (!conversations.get(fold(event.conversation))?.unread) return;
  if (wants('sound')) navigator.locks?.request('sound', { ifAvailable: true }, (lock) => lock && beep());
  if (!document.hidden || !wants('notifications') || Notification.permission !== 'granted') return;
  // Others may see the screen: so it says who wrote, but not what. All windows share one notification.
  const shown = new Notification(`${event.from} ${where}`, { tag: 'groupchat' });
  shown.onclick = () => {
    focus();
    // The name may be somebody else's by now.
    if (conversations.has(fold(event.conversation))) open(event.conversation);
  };
}

let audio = null;

/** A short tone; the next one not before a second has passed. */
function beep() {
  audio ??= new AudioContext();
  audio.resume();
  const [tone, volume, now] = [audio.createOscillator(), audio.createGain(), audio.currentTime];
  tone.frequency.value = 660;
  volume.gain.setValueAtTime(.15, now);
  volume.gain.exponentialRampToValueAtTime(.001, now + .25);
  tone.connect(volume).connect(audio.destination);
  tone.start(now);
  tone.stop(now + .25);
  return pause(1);
}

function openOptions() {
  const option = (what, label, prepare) => {
    const [made, input] = field(label, wants(what));
    input.addEventListener('change', async () => {
      answer('');
      input.checked = input.checked && await prepare();
      localStorage[`groupchat.${what}`] = input.checked ? 'yes' : 'no';
    });
    return made;
  };
  const mayNotify = async () => {
    const isAllowed = 'Notification' in globalThis && await Notification.requestPermission() === 'granted';
    if (!isAllowed) answer('The browser does not allow notifications for this address');
    return isAllowed;
  };
  openDialog('Options',
    option('notifications', 'Notify me when somebody writes to me or names me, and I do not look', mayNotify),
    option('sound', 'Play a sound then', () => Boolean(beep())),
    element('p', 'quiet', 'A notification says who wrote, never what. /sleep 30m keeps all of it away for a while.'),
    Object.assign(element('div'), { id: 'quiet' }));
  showQuiet();
}

/** The lists in the options, if these are shown. The keyboard stays in them. */
function showQuiet() {
  const lists = byId('quiet');
  if (!lists) return;
  const buttons = () => [...lists.querySelectorAll('button')];
  const focused = buttons().indexOf(document.activeElement);
  lists.replaceChildren(
    element('h3', '', muted.size > 0 ? 'Muted' : 'Nobody is muted'),
    names([...muted], 'Unmute', (name) => setMuted(name, false)),
    element('h3', '', blacklist.length > 0 ? 'Blacklist' : 'Your blacklist is empty'),
    names(blacklist, 'See again', (name) => command(`/unblock ${name}`)),
  );
  if (focused >= 0) (buttons().slice(0, focused + 1).at(-1) ?? byId('close')).focus();
}

// --- The input ----------------------------------------------------------------------------------

let isLeaving = false; // Esc was pressed: the next Tab leads out of the input

/** Completes commands, names and rooms; further presses go round. With nothing more to complete, Tab leads on. */
function complete(input) {
  if (completion?.shown === input.value) {
    if (completion.candidates.length === 1) return false;
  } else {
    const before = input.value.slice(0, input.selectionStart);
    const word = before.split(/\s/).at(-1);
    if (!word) return false;
    const start = before.length - word.length;
    const { members = [], events } = conversations.get(current) ?? {};
    // Those who have spoken last come first.
    const spoke = (events ?? []).flatMap(({ type, from }) => (type === 'said' ? [from] : [])).reverse();
    const isThere = new Set(members);
    const all = [...conversations.values()].filter(({ isAside }) => !isAside).map(({ name }) => name);
    const names = [...spoke.filter((name) => isThere.has(name)), ...members, ...all];
    const words = start === 0 && word.startsWith('/')
      ? commands.map(({ usage }) => `${usage.split(' ')[0]} `)
      : names.map((name) => (start === 0 && !isRoom(name) && !word.startsWith('@') ? `${name}: ` : `${name} `));
    const sign = word.startsWith('@') ? '@' : '';
    const fits = (candidate) => fold(candidate).startsWith(fold(word.slice(sign.length)));
    // A whole name stays that name.
    const isWhole = (candidate) => fold(candidate.replace(/:? $/, '')) === fold(word.slice(sign.length));
    const candidates = [...new Set(words.filter(fits))].sort((one, other) => isWhole(other) - isWhole(one))
      .map((candidate) => sign + candidate);
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

/** Lines that were sent to this conversation; those for others are not meant for it. */
function recall(input, step) {
  const conversation = conversations.get(current);
  const to = recalled + step;
  if (!conversation || to < 0 || to > conversation.sent.length) return;
  // What was changed in an earlier line stays there.
  if (recalled > 0) conversation.sent[conversation.sent.length - recalled] = input.value;
  if (recalled === 0) conversation.draft = input.value;
  recalled = to;
  input.value = to === 0 ? conversation.draft : conversation.sent.at(-to);
}

const input = byId('message');

async function submit() {
  const text = input.value;
  if (!text.trim()) return;
  if (text.trim() === '/help') {
    input.value = '';
    return openHelp();
  }
  const [from, conversation] = [current, conversations.get(current)];
  // A draft that was begun before an earlier line was taken up again comes back.
  input.value = recalled > 0 ? conversation.draft : '';
  recalled = 0;
  keepDraft();
  conversation?.sent.push(text);
  typed.push({ from, text });
  if (typed.length > 5) typed.shift();
  scrollDown();
  try {
    await carryOut(text);
  } catch (error) {
    complain(error);
    // So that it can be corrected, where it was written. The person may have another name by now.
    const isSame = ([, { id }]) => conversation && id === conversation.id;
    const [key, same] = [...conversations].find(isSame) ?? [from, null];
    if (key === current && !input.value) input.value = text;
    else if (same && key !== current && !same.draft) same.draft = text;
    else note(`Not sent: ${text}`);
  }
}

input.addEventListener('keydown', (event) => {
  const isPlain = !event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey && !event.isComposing;
  const [isFirstRow, isLastRow] = [input.value.slice(0, input.selectionStart), input.value.slice(input.selectionEnd)]
    .map((part) => !part.includes('\n'));
  if (event.key === 'Enter' && isPlain) {
    // A key that is held down says nothing twice.
    if (!event.repeat) submit();
  } else if (event.key === 'Tab' && isPlain && !isLeaving && complete(input)) completion.shown = input.value;
  else if (event.key === 'ArrowUp' && isPlain && isFirstRow) recall(input, 1);
  else if (event.key === 'ArrowDown' && isPlain && isLastRow) recall(input, -1);
  else if (event.key === 'Escape') {
    complain('');
    closeSearch();
    isLeaving = true;
    return;
  } else return;
  event.preventDefault();
});
input.addEventListener('input', () => { isLeaving = false; });
document.addEventListener('keydown', (event) => {
  const isFree = !dialog.open && !event.defaultPrevented && !byId('menu').matches(':popover-open');
  const isTyping = event.target.closest('input, textarea');
  const isSearch = event.key === '/' && !isTyping || event.ctrlKey && event.shiftKey && fold(event.key) === 'f';
  if (!isFree) return;
  if (isSearch) openSearch();
  else if (event.altKey && ['ArrowUp', 'ArrowDown'].includes(event.key)) {
    const [keys, step] = [[...conversations.keys()], event.key === 'ArrowUp' ? -1 : 1];
    const key = keys.at((keys.indexOf(current) + step) % keys.length);
    if (key !== undefined) open(nameOf(key));
  } else if (event.key === 'Escape' && !isTyping) {
    complain('');
    showPanel(false);
    closeSearch();
    input.focus();
  } else return;
  event.preventDefault();
});
input.addEventListener('paste', (event) => {
  if (event.clipboardData.files.length === 0) return;
  event.preventDefault();
  offer([...event.clipboardData.files]);
});
byId('form').addEventListener('submit', (event) => {
  event.preventDefault();
  submit();
});
let chosenFor; // the conversation in which the user has begun to choose files
byId('attach').addEventListener('click', () => {
  chosenFor = conversations.get(current);
  byId('file').click();
});
byId('file').addEventListener('change', () => {
  offer([...byId('file').files], chosenFor);
  byId('file').value = '';
});
/** Says where a file would go that is about to be dropped. */
function showDrop(isDragged) {
  byId('drop').hidden = !isDragged;
  byId('drop').textContent = current === null ? 'Choose a conversation first' : `Drop to send to ${nameOf(current)}`;
}
document.addEventListener('dragover', (event) => {
  event.preventDefault();
  showDrop(event.dataTransfer.types.includes('Files'));
});
document.addEventListener('dragleave', (event) => { if (!event.relatedTarget) showDrop(false); });
document.addEventListener('drop', (event) => {
  event.preventDefault();
  showDrop(false);
  if (event.dataTransfer.files.length > 0) offer([...event.dataTransfer.files]);
});
byId('messages').addEventListener('scroll', () => {
  isAtEnd = byId('messages').scrollTop > -30;
  if (isAtEnd && missed > 0) scrollDown();
});
byId('to-end').addEventListener('click', () => {
  scrollDown();
  byId('message').focus();
});
document.addEventListener('visibilitychange', () => {
  hasLeft = document.hidden;
  if (document.hidden) return;
  showTitle();
  showSoon();
});
// Rooms without the server.
byId('directory').addEventListener('click', () => {
  showPanel(false);
  command('/getdir');
});
byId('counters').addEventListener('click', () => command('/stats'));
byId('leave').addEventListener('click', () => {
  command('/part');
  input.focus();
});
byId('show-lists').addEventListener('click', () => showPanel(!byId('lists').classList.contains('shown')));
byId('lists').addEventListener('focusout', ({ relatedTarget: to }) => {
  if (to && !to.closest('#lists, #menu, #show-lists')) showPanel(false);
});

// --- Presence -----------------------------------------------------------------------------------

/** Those of these people who are away, with the reason. */
function noteAway(people, found) {
  people.forEach((name) => away.delete(fold(name)));
  found.forEach(([name, why]) => away.set(fold(name), why));
}

function notePresence({ nick: name, away: why }) {
  if (name === null) return refreshPeople();
  if (why === null) away.delete(fold(name));
  else away.set(fold(name), why);
  showSoon();
}

// --- Second thoughts ----------------------------------------------------------------------------

/** A line would end the chat for all windows, or may be for somebody else. The keyboard stays where the user types. */
function askAgain(why, line) {
  complain(why);
  if (fold(line.conversation ?? '') === (current ?? '') && !input.value) input.value = line.text;
  else note(`Not sent: ${line.text}`);
  byId('error').append(' ', button(why.verb, () => {
    complain('');
    if (input.value === line.text) input.value = '';
    input.focus();
    post('/lines', { ...line, is_sure: true }).catch(complain);
  }));
}

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
    : [button('Yes', () => answerQuestion('y')), button('No', () => answerQuestion('n'))];
  const title = asked.reason ? 'There is no chat yet' : asked.text;
  byId('question-text').textContent = !isName && asked.reason ? asked.text : '';
  showQuestion(isName ? 'Choose a name' : title, asked.reason, isName, answers);
  showConnection();
}

function showQuestion(title, reason, hasName, buttons) {
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
  if (byId('name').reportValidity()) answerQuestion(byId('name').value);
}

async function answerQuestion(text) {
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
  if (why) showQuestion('The chat has ended', why, false, [button('Close', () => byId('question').close())]);
}

byId('question-form').addEventListener('submit', (event) => {
  event.preventDefault();
  if (question?.wants === 'name') answerName();
});
byId('question').addEventListener('cancel', (event) => {
  if (question) event.preventDefault();
});
byId('question').addEventListener('close', () => {
  if (question && !byId('question').open) byId('question').showModal();
});
