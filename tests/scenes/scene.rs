//! A scene: windows, what is typed there, and what is waited for. Plain data, in a file `NAME.scene`:
//!
//! ```text
//! title Task 4: from client to client
//! needs strace                      programs that it takes besides tmux
//! window server 80x16 The server    a window, its size, its title; without a title it is not shown
//! window calls@server 80x16 Calls   another one in the same folder, that of the person "server"
//! page tesla 70x20 The page of tesla in pictures alone: the page whose address that window has shown
//! rate 100mbit                      of the network, where it is the scene's own and can be slowed down
//! acquainted tesla albert           they have met the server before, so nothing is seen of a first contact
//! say The server starts.            what the demonstration says before the next steps
//! server> make run-server           types a line, with Enter
//! tesla~ half a li                  types without Enter
//! tesla: Tab C-d                    presses keys, by tmux's names
//! tesla? albert joined              waits for a line with this text, further down than the one before; * is any text
//! tesla$                            waits until the shell's prompt is back
//! picture task-4 dark               a picture, on light ground unless "dark" is there, of all windows with a title
//! picture task-4 server tesla       or of these
//! # a comment
//! ```

use std::path::{Path, PathBuf};
use std::{env, fs, iter};

use wire::crc32::crc32;

pub struct Scene {
    pub name: String,
    /// What a picture of it says about its file: another one belongs to another picture.
    pub sum: String,
    pub title: String,
    pub needs: Vec<String>,
    /// Of its network, by `tc`.
    pub rate: Option<String>,
    pub windows: Vec<Window>,
    /// Pages that a browser shows in pictures, each by the name of the window that shows its address.
    pub pages: Vec<Window>,
    pub steps: Vec<Step>,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Window {
    pub name: String,
    /// Whose folder it is in.
    pub person: String,
    pub columns: u16,
    pub rows: u16,
    pub title: String,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    /// The line of the file.
    pub line: usize,
    pub action: Action,
}

/// What a step does; a window is meant by its place in [`Scene::windows`].
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    Enter {
        window: usize,
        text: String,
    },
    Type {
        window: usize,
        text: String,
    },
    Press {
        window: usize,
        keys: Vec<String>,
    },
    Wait {
        window: usize,
        pattern: String,
    },
    WaitForPrompt {
        window: usize,
    },
    Say(String),
    Picture(Picture),
    /// Each window is closed and opened again, and from now on somebody looks.
    Curtain,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub name: String,
    pub is_dark: bool,
    /// The windows that it shows; none are all that have a title.
    pub windows: Vec<usize>,
}

impl Action {
    /// The window in which something happens.
    pub fn window(&self) -> Option<usize> {
        match *self {
            Action::Enter { window, .. }
            | Action::Type { window, .. }
            | Action::Press { window, .. }
            | Action::Wait { window, .. }
            | Action::WaitForPrompt { window } => Some(window),
            Action::Say(_) | Action::Picture(_) | Action::Curtain => None,
        }
    }
}

/// Where the scenes are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenes")
}

/// The names of all scenes, in the order of the report: the tasks first.
pub fn names() -> Result<Vec<String>, String> {
    let entries = fs::read_dir(folder()).map_err(|error| format!("{}: {error}", folder().display()))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let scenes = paths.filter(|path| path.extension().is_some_and(|kind| kind == "scene"));
    let mut names: Vec<String> = scenes.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    names.sort_by_key(|name| (!name.starts_with("task-"), name.clone()));
    Ok(names)
}

impl Scene {
    pub fn load(name: &str) -> Result<Scene, String> {
        let path = folder().join(name).with_extension("scene");
        let text = fs::read_to_string(&path).map_err(|_| match names() {
            Ok(names) => format!("there is no scene {name}; there are {}", names.join(", ")),
            Err(error) => error,
        })?;
        Scene::parse(name, &text)
    }

    /// An error names the file and the line.
    pub fn parse(name: &str, text: &str) -> Result<Scene, String> {
        let (name, title) = (name.to_owned(), String::new());
        let sum = format!("scene {:08x}", crc32(text.as_bytes()));
        let (needs, windows, pages, steps) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut scene = Scene { name, sum, title, needs, rate: None, windows, pages, steps };
        for (number, line) in text.lines().enumerate().map(|(number, line)| (number + 1, line.trim_end())) {
            let fault = |why: &str| format!("tests/scenes/{}.scene:{number}: {why}: {line}", scene.name);
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            let mut words = rest.split_whitespace();
            let action = match word {
                "" | "#" => continue,
                "acquainted" => {
                    let actions =
                        acquainted(&scene, words).ok_or_else(|| fault("names of windows, and a window server"))?;
                    scene.steps.extend(actions.into_iter().map(|action| Step { line: number, action }));
                    continue;
                }
                "title" => {
                    rest.clone_into(&mut scene.title);
                    continue;
                }
                "needs" => {
                    scene.needs.extend(words.map(str::to_owned));
                    continue;
                }
                "rate" => {
                    scene.rate = Some(rest.to_owned());
                    continue;
                }
                "window" => {
                    let window = window(rest).ok_or_else(|| fault("not NAME[@PERSON] COLUMNSxROWS [TITLE]"))?;
                    if scene.window(&window.name).is_some() {
                        return Err(fault("there is such a window already"));
                    }
                    scene.windows.push(window);
                    continue;
                }
                "page" => {
                    let page = window(rest).filter(|page| scene.window(&page.name).is_some());
                    scene.pages.push(page.ok_or_else(|| fault("not WINDOW COLUMNSxROWS TITLE"))?);
                    continue;
                }
                "say" => Action::Say(rest.to_owned()),
                "picture" => {
                    let name = words.next().ok_or_else(|| fault("a picture has a name"))?.to_owned();
                    let is_dark = words.clone().next() == Some("dark");
                    let windows = words.skip(is_dark.into()).map(|name| scene.window(name)).collect::<Option<_>>();
                    let windows = windows.ok_or_else(|| fault("not dark, and no windows"))?;
                    Action::Picture(Picture { name, is_dark, windows })
                }
                _ => {
                    let known = word.char_indices().next_back().and_then(|(at, sign)| {
                        let window = scene.window(&word[..at])?;
                        action(window, sign, rest)
                    });
                    known.ok_or_else(|| fault("neither a word of scenes nor something in a window"))?
                }
            };
            scene.steps.push(Step { line: number, action });
        }
        if scene.title.is_empty() || scene.shown().next().is_none() {
            return Err(format!("tests/scenes/{}.scene: a scene has a title, and a window with a title", scene.name));
        }
        Ok(scene)
    }

    /// The place of the window of this name.
    pub fn window(&self, name: &str) -> Option<usize> {
        self.windows.iter().position(|window| window.name == name)
    }

    /// What it takes and is not there.
    pub fn missing(&self) -> Option<&str> {
        iter::once("tmux").chain(self.needs.iter().map(String::as_str)).find(|tool| !Scene::has(tool))
    }

    /// Whether this program is installed.
    pub fn has(tool: &str) -> bool {
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
        folders.into_iter().any(|folder| folder.join(tool).is_file())
    }

    /// The windows that are shown when nothing else is said.
    pub fn shown(&self) -> impl Iterator<Item = &Window> {
        self.windows.iter().filter(|window| !window.title.is_empty())
    }

    /// Its pictures.
    pub fn pictures(&self) -> impl Iterator<Item = &Picture> {
        self.steps.iter().filter_map(|step| match &step.action {
            Action::Picture(picture) => Some(picture),
            _ => None,
        })
    }
}

/// `NAME[@PERSON] COLUMNSxROWS TITLE`
fn window(text: &str) -> Option<Window> {
    let mut words = text.splitn(3, ' ');
    let name = words.next()?;
    let (name, person) = name.split_once('@').unwrap_or((name, name));
    let (columns, rows) = words.next()?.split_once('x')?;
    let is_word =
        |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !is_word(name)
        || !is_word(person)
        || ["title", "needs", "rate", "window", "page", "acquainted", "say", "picture"].contains(&name)
    {
        return None;
    }
    Some(Window {
        name: name.to_owned(),
        person: person.to_owned(),
        columns: columns.parse().ok()?,
        rows: rows.parse().ok()?,
        title: words.next().unwrap_or_default().to_owned(),
    })
}

fn action(window: usize, sign: char, text: &str) -> Option<Action> {
    let owned = text.to_owned();
    match sign {
        '>' => Some(Action::Enter { window, text: owned }),
        '~' => Some(Action::Type { window, text: owned }),
        ':' if !text.is_empty() => {
            Some(Action::Press { window, keys: text.split_whitespace().map(str::to_owned).collect() })
        }
        '?' if !text.is_empty() => Some(Action::Wait { window, pattern: format!("*{text}*") }),
        '$' if text.is_empty() => Some(Action::WaitForPrompt { window }),
        _ => None,
    }
}

/// Each of these people comes to the server once, and leaves; then the server is stopped.
fn acquainted<'a>(scene: &Scene, people: impl Iterator<Item = &'a str>) -> Option<Vec<Action>> {
    let server = scene.window("server")?;
    let enter = |window, text: &str| Action::Enter { window, text: text.to_owned() };
    let wait = |window, text: &str| Action::Wait { window, pattern: format!("*{text}*") };
    let mut actions = vec![enter(server, "make run-server"), wait(server, "Type help")];
    for person in people {
        let window = scene.window(person)?;
        actions
            .extend([enter(window, &format!("make run-client NICK={person}")), wait(window, "Welcome to chat room")]);
        actions.extend([enter(window, "tata"), Action::WaitForPrompt { window }]);
    }
    actions.extend([enter(server, "stop"), Action::WaitForPrompt { window: server }, Action::Curtain]);
    Some(actions)
}
