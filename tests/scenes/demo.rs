//! The demonstration: a scene live, in the user's terminal, typed as slowly as a person types.
//!
//! The terminal is attached to one more session of the stage, whose panes show the windows side by side, where all fit,
//! or else the one in which something happens. This process plays the scene meanwhile; Enter reaches it through tmux.

use std::io::{self, IsTerminal};
use std::ops::Range;
use std::process::{Child, Stdio};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use super::play::{Audience, play};
use super::scene::{Action, Scene, Step, Window};
use super::stage::{STOPPED, Stage, target, wait_for};

/// Between two characters that are typed, and between two steps.
const KEY: Duration = Duration::from_millis(40);
const STEP: Duration = Duration::from_millis(900);
/// To read a sentence: this long, and so much for each character.
const SENTENCE: Duration = Duration::from_millis(1500);
const CHARACTER: Duration = Duration::from_millis(35);
/// For the terminal to be attached.
const START: Duration = Duration::from_secs(10);
/// Lines below the windows: two for a sentence, one for keys.
const STATUS: &str = "3";
/// The session that is attached to the terminal.
const DEMO: &str = "=demo:";

/// Somebody at a terminal.
struct Spectator {
    /// `tmux attach`
    attached: Option<Child>,
    columns: usize,
    /// All windows are seen at once.
    side_by_side: bool,
    /// The pane of each window, by tmux's number, and the window whose pane is selected.
    panes: Vec<String>,
    current: usize,
}

/// How a scene has ended.
#[derive(PartialEq, Eq)]
pub enum End {
    Played,
    /// By Ctrl-C.
    Stopped,
}

/// Plays it, then waits for Enter; `next` is what comes then.
pub fn demonstrate(scene: &Scene, stage: Stage, next: &str) -> Result<End, String> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err("A demonstration needs a terminal".to_owned());
    }
    let mut spectator = Spectator { attached: None, columns: 80, side_by_side: false, panes: Vec::new(), current: 0 };
    let played = play(scene, &stage, &mut spectator).and_then(|()| {
        let other = if spectator.side_by_side { "" } else { "Tab: the next window   " };
        let keys = format!("{other}Enter: {next}");
        // Enter that was pressed before this asks for nothing.
        stage.run(&["set", "-qu", "-t", DEMO, "@enter"])?;
        say(&stage, spectator.columns, &format!("That was \"{}\".", scene.title), &keys)?;
        while !stage.run(&["show", "-qv", "-t", DEMO, "@enter"])?.starts_with('1') {
            spectator.pause(STEP / 4)?;
        }
        Ok(())
    });
    let has_gone = spectator.attached.is_some() && stage.run(&["has-session", "-t", DEMO]).is_err();
    let stopped = played.is_err() && (has_gone || STOPPED.load(Ordering::Relaxed));
    // The end of the stage gives the terminal back.
    drop(stage);
    if let Some(mut child) = spectator.attached {
        let _ = child.wait();
    }
    if stopped { Ok(End::Stopped) } else { played.map(|()| End::Played) }
}

/// Shows a sentence below the windows, and in the last line what keys do.
fn say(stage: &Stage, columns: usize, sentence: &str, keys: &str) -> Result<(), String> {
    // As many words as fit into the first row.
    let fits = |end: &usize| *end + 2 <= columns;
    let mut ends = sentence.match_indices(' ').map(|(at, _)| at).chain([sentence.len()]);
    let end = ends.rfind(fits).unwrap_or(sentence.len());
    let rows = [&sentence[..end], sentence[end..].trim_start()].map(|row| row.replace('#', "##"));
    let bar = format!("#[align=left] #{{pane_title}} #[align=right] {keys}   Ctrl-C: stop ");
    for (number, row) in rows.iter().map(|row| format!("#[bold] {row}")).chain([bar]).enumerate() {
        stage.run(&["set", "-t", DEMO, &format!("status-format[{number}]"), &row])?;
    }
    Ok(())
}

/// How windows stand in a terminal, in groups: rows below each other, or columns side by side.
struct Arrangement {
    in_rows: bool,
    groups: Vec<Range<usize>>,
}

impl Arrangement {
    /// One that leaves each window as large as it is, each with its title above it, in as few rows as can be.
    fn of(windows: &[&Window], (columns, rows): (usize, usize)) -> Option<Arrangement> {
        let mut flow: Vec<Range<usize>> = Vec::new();
        for number in 0..windows.len() {
            match flow.last_mut() {
                Some(row) if width(&windows[row.start..=number]).0 <= columns + 1 => row.end = number + 1,
                _ => flow.push(number..number + 1),
            }
        }
        let columns_of = |left| Arrangement { in_rows: false, groups: vec![0..left, left..windows.len()] };
        let all = (1..windows.len()).map(columns_of).chain([Arrangement { in_rows: true, groups: flow }]);
        let fitting = all.filter_map(|arrangement| {
            let size = arrangement.size(windows);
            (size.0 <= columns + 1 && size.1 <= rows).then_some((size.1, arrangement))
        });
        fitting.min_by_key(|(rows, _)| *rows).map(|(_, arrangement)| arrangement)
    }

    fn size(&self, windows: &[&Window]) -> (usize, usize) {
        let sizes = self.groups.iter().map(|group| (width(&windows[group.clone()]), height(&windows[group.clone()])));
        let (mut columns, mut rows) = (0, 0);
        for (width, height) in sizes {
            (columns, rows) = if self.in_rows {
                (columns.max(width.0), rows + height.1)
            } else {
                (columns + width.1, rows.max(height.0))
            };
        }
        (columns, rows)
    }
}

/// The columns of all of these windows together, and of the widest, each with a border.
fn width(windows: &[&Window]) -> (usize, usize) {
    let columns = windows.iter().map(|window| usize::from(window.columns) + 1);
    (columns.clone().sum(), columns.max().unwrap_or_default())
}

/// The same for their rows, each with its title.
fn height(windows: &[&Window]) -> (usize, usize) {
    let rows = windows.iter().map(|window| usize::from(window.rows) + 1);
    (rows.clone().sum(), rows.max().unwrap_or_default())
}

impl Spectator {
    /// Shows the windows in panes beside each other, or each in a window of tmux.
    fn show(&mut self, stage: &Stage, windows: &[&Window], size: (usize, usize)) -> Result<(), String> {
        self.panes.resize(windows.len(), String::new());
        let Some(Arrangement { in_rows, groups }) = Arrangement::of(windows, size) else {
            for (number, window) in windows.iter().enumerate().skip(1) {
                self.panes[number] = open(stage, window, &["new-window", "-d", "-t", DEMO])?;
            }
            return Ok(());
        };
        self.side_by_side = true;
        stage.run(&["set", "-w", "-t", DEMO, "pane-border-status", "top"])?;
        stage.run(&["set", "-w", "-t", DEMO, "pane-border-format", " #{pane_title} "])?;
        let [across, along] = if in_rows { ["-v", "-h"] } else { ["-h", "-v"] };
        // Each new pane gets what the ones before it leave. First come the groups, each with its first window.
        let mut rest = if in_rows { size.1 } else { size.0 };
        for pair in groups.windows(2) {
            let group = &windows[pair[0].clone()];
            rest = rest.saturating_sub(if in_rows { height(group).1 } else { width(group).1 }).max(1);
            let (first, number) = (self.panes[pair[0].start].clone(), pair[1].start);
            let split = ["split-window", "-d", across, "-l", &rest.to_string(), "-t", &first];
            self.panes[number] = open(stage, windows[number], &split)?;
        }
        for group in groups {
            let mut rest = if in_rows { size.0 } else { size.1 };
            for number in group.skip(1) {
                let before = &windows[number - 1..number];
                rest = rest.saturating_sub(if in_rows { width(before).1 } else { height(before).1 }).max(1);
                let last = self.panes[number - 1].clone();
                let split = ["split-window", "-d", along, "-l", &rest.to_string(), "-t", &last];
                self.panes[number] = open(stage, windows[number], &split)?;
            }
        }
        Ok(())
    }

    /// Waits, unless the end comes first: then the terminal is no longer attached.
    fn pause(&mut self, length: Duration) -> Result<(), String> {
        let end = Instant::now() + length;
        while Instant::now() < end {
            let is_over = self.attached.as_mut().is_some_and(|child| !matches!(child.try_wait(), Ok(None)));
            if is_over || STOPPED.load(Ordering::Relaxed) {
                return Err("stopped".to_owned());
            }
            thread::sleep(KEY);
        }
        Ok(())
    }

    /// Selects the pane of a window.
    fn turn_to(&mut self, stage: &Stage, shown: usize) -> Result<(), String> {
        let pane = &self.panes[shown];
        stage.run(&["select-window", "-t", pane, ";", "select-pane", "-t", pane])?;
        self.current = shown;
        Ok(())
    }
}

/// Opens a pane that looks at this window, by a command of tmux; nothing can be typed there. The pane's number.
fn open(stage: &Stage, window: &Window, command: &[&str]) -> Result<String, String> {
    let tmux = stage.tmux();
    let options: Vec<&str> = tmux.get_args().filter_map(|word| word.to_str()).collect();
    let attach = ["attach", "-r", "-t", &target(window)];
    let look = ["-P", "-F", "#{pane_id}", "env", "-u", "TMUX", "tmux"];
    let pane = stage.run(&[command, &look[..], &options, &attach].concat())?.trim().to_owned();
    stage.run(&["select-pane", "-t", &pane, "-T", &window.title])?;
    Ok(pane)
}

impl Audience for Spectator {
    fn patience(&self) -> Duration {
        Duration::from_secs(60)
    }

    fn typing(&self) -> Duration {
        KEY
    }

    fn opened(&mut self, stage: &Stage, scene: &Scene) -> Result<(), String> {
        let shown: Vec<&Window> = scene.shown().collect();
        self.panes.push(open(stage, shown[0], &["new-session", "-d", "-s", "demo"])?);
        stage.run(&["set", "-t", DEMO, "status", STATUS, ";", "set", "-t", DEMO, "status-style", "reverse"])?;
        stage.run(&["set", "-t", DEMO, "key-table", "demo", ";", "bind", "-T", "demo", "Any", "refresh-client"])?;
        stage.run(&["bind", "-T", "demo", "C-c", "kill-server"])?;
        stage.run(&["bind", "-T", "demo", "Enter", "set", "-t", DEMO, "@enter", "1"])?;
        stage.run(&["bind", "-T", "demo", "Tab", "next-window"])?;
        say(stage, self.columns, &scene.title, "")?;
        // The terminal is its input; its output would only have a word about the end of tmux.
        let attach = stage.tmux().args(["attach", "-t", DEMO]).stdout(Stdio::null()).spawn();
        self.attached = Some(attach.map_err(|error| format!("tmux: {error}"))?);
        let (columns, rows): (usize, usize) = wait_for("the terminal", START, || {
            let clients = stage.run(&["list-clients", "-t", DEMO, "-F", "#{client_width} #{window_height}"])?;
            let sizes = clients.trim().split_once(' ');
            Ok(sizes.and_then(|(columns, rows)| Some((columns.parse().ok()?, rows.parse().ok()?))))
        })?;
        // Without the terminal the demonstration ends.
        stage.run(&["set", "-t", DEMO, "destroy-unattached", "on"])?;
        self.columns = columns;
        self.show(stage, &shown, (columns, rows))?;
        self.turn_to(stage, 0)?;
        self.pause(SENTENCE)
    }

    fn before(&mut self, stage: &Stage, scene: &Scene, step: &Step) -> Result<(), String> {
        match &step.action {
            Action::Say(sentence) => {
                say(stage, self.columns, sentence, "")?;
                self.pause(SENTENCE + CHARACTER * u32::try_from(sentence.len()).unwrap_or_default())?;
            }
            Action::Picture(_) | Action::Curtain => {}
            Action::Wait { .. } | Action::WaitForPrompt { .. } if self.side_by_side => {}
            action => {
                let window = action.window().map(|window| &scene.windows[window]);
                let shown = scene.shown().position(|shown| Some(shown) == window);
                // Nobody sees what happens in other windows.
                let Some(shown) = shown else { return Ok(()) };
                if shown != self.current {
                    self.pause(STEP)?;
                    self.turn_to(stage, shown)?;
                }
                self.pause(STEP)?;
            }
        }
        Ok(())
    }
}
