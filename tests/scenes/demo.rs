//! The demonstration: a scene live, in the user's terminal, typed as slowly as a person types.
//!
//! The terminal is attached to one more session of the stage, whose panes show the windows side by side, where all fit,
//! or else the one in which something happens. This process plays the scene meanwhile; Enter reaches it through tmux.

use std::io::{self, IsTerminal};
use std::process::Child;
use std::thread;
use std::time::Duration;

use super::play::{Audience, play};
use super::scene::{Action, Scene, Step, Window};
use super::stage::{Stage, target, wait_for};

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
/// For Enter, once the scene is over.
const FOREVER: Duration = Duration::from_secs(24 * 60 * 60);

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
        say(&stage, spectator.columns, &format!("That was \"{}\".", scene.title), &format!("Enter: {next}"))?;
        let is_pressed = || Ok(stage.run(&["show", "-qv", "-t", DEMO, "@enter"])?.starts_with('1').then_some(()));
        wait_for("Enter", FOREVER, is_pressed)
    });
    let stopped = played.is_err() && stage.run(&["has-session", "-t", DEMO]).is_err();
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

/// The columns and rows that the windows take in two columns, each with its title, and how many are in the left one.
fn two_columns(windows: &[Window]) -> (usize, usize, usize) {
    let rows = |windows: &[Window]| windows.iter().map(|window| usize::from(window.rows) + 1).sum::<usize>();
    let columns = |windows: &[Window]| windows.iter().map(|window| usize::from(window.columns) + 1).max().unwrap_or(0);
    let size = |left: usize| {
        let (left, right) = windows.split_at(left);
        (columns(left) + columns(right), rows(left).max(rows(right)), left.len())
    };
    (1..=windows.len()).map(size).min_by_key(|&(_, rows, _)| rows).unwrap_or_default()
}

impl Spectator {
    /// Selects the window's pane, and where not all fit shows it alone.
    fn turn_to(&mut self, stage: &Stage, window: usize) -> Result<(), String> {
        let pane = &self.panes[window];
        stage.run(&["select-pane", "-Z", "-t", pane])?;
        let zoomed = stage.run(&["display", "-p", "-t", DEMO, "#{window_zoomed_flag}"])?;
        if !self.side_by_side && zoomed.trim() == "0" {
            stage.run(&["resize-pane", "-Z", "-t", pane])?;
        }
        self.current = window;
        Ok(())
    }
}

impl Audience for Spectator {
    fn patience(&self) -> Duration {
        Duration::from_secs(60)
    }

    fn typing(&self) -> Duration {
        KEY
    }

    fn opened(&mut self, stage: &Stage, scene: &Scene) -> Result<(), String> {
        let (columns, rows, left) = two_columns(&scene.windows);
        self.panes = vec![String::new(); scene.windows.len()];
        // First the tops of both columns.
        let tops = [0, left].into_iter().filter(|top| *top < scene.windows.len());
        for number in tops.chain((1..scene.windows.len()).filter(|number| *number != left)) {
            let window = &scene.windows[number];
            let command = match number {
                0 => vec!["new-session", "-d", "-s", "demo", "-x", "400", "-y", "200"],
                _ if number == left => vec!["split-window", "-d", "-h", "-t", &self.panes[0]],
                _ => vec!["split-window", "-d", "-v", "-t", &self.panes[number - 1]],
            };
            // The pane only looks at the window: nothing can be typed there.
            let tmux = stage.tmux();
            let options: Vec<&str> = tmux.get_args().filter_map(|word| word.to_str()).collect();
            let attach = ["attach", "-r", "-t", &target(window)];
            let look = ["-P", "-F", "#{pane_id}", "env", "-u", "TMUX", "tmux"];
            let pane = stage.run(&[&command, &look[..], &options, &attach].concat())?.trim().to_owned();
            stage.run(&["select-pane", "-t", &pane, "-T", &window.title])?;
            self.panes[number] = pane;
        }
        stage.run(&["set", "-t", DEMO, "status", STATUS, ";", "set", "-t", DEMO, "status-style", "reverse"])?;
        stage.run(&["set", "-t", DEMO, "key-table", "demo", ";", "bind", "-T", "demo", "Any", "refresh-client"])?;
        stage.run(&["bind", "-T", "demo", "C-c", "kill-server"])?;
        stage.run(&["bind", "-T", "demo", "Enter", "set", "-t", DEMO, "@enter", "1"])?;
        say(stage, self.columns, &scene.title, "")?;
        let attach = stage.tmux().args(["attach", "-t", DEMO]).spawn();
        self.attached = Some(attach.map_err(|error| format!("tmux: {error}"))?);
        let size: (usize, usize) = wait_for("the terminal", START, || {
            let clients = stage.run(&["list-clients", "-t", DEMO, "-F", "#{client_width} #{client_height}"])?;
            let sizes = clients.trim().split_once(' ');
            Ok(sizes.and_then(|(columns, rows)| Some((columns.parse().ok()?, rows.parse().ok()?))))
        })?;
        // Without the terminal the demonstration ends.
        stage.run(&["set", "-t", DEMO, "destroy-unattached", "on"])?;
        self.columns = size.0;
        self.side_by_side = size.0 >= columns && size.1 >= rows + 3;
        if self.side_by_side {
            stage.run(&["set", "-w", "-t", DEMO, "pane-border-status", "top"])?;
            stage.run(&["set", "-w", "-t", DEMO, "pane-border-format", " #{pane_title} "])?;
            for (window, pane) in scene.windows.iter().zip(&self.panes) {
                let (columns, rows) = (window.columns.to_string(), window.rows.to_string());
                stage.run(&["resize-pane", "-t", pane, "-x", &columns, "-y", &rows])?;
            }
        }
        self.turn_to(stage, 0)?;
        thread::sleep(SENTENCE);
        Ok(())
    }

    fn before(&mut self, stage: &Stage, _scene: &Scene, step: &Step) -> Result<(), String> {
        match &step.action {
            Action::Say(sentence) => {
                say(stage, self.columns, sentence, "")?;
                thread::sleep(SENTENCE + CHARACTER * u32::try_from(sentence.len()).unwrap_or_default());
            }
            Action::Picture { .. } | Action::Curtain => {}
            Action::Wait { .. } | Action::WaitForPrompt { .. } if self.side_by_side => {}
            action => {
                let window = action.window().unwrap_or_default();
                if window != self.current {
                    thread::sleep(STEP);
                    self.turn_to(stage, window)?;
                }
                thread::sleep(STEP);
            }
        }
        Ok(())
    }
}
