//! Plays a scene on a stage, before an audience: step by step, as fast as the audience wants it.

use std::thread;
use std::time::Duration;

use super::fits;
use super::scene::{Action, Picture, Scene, Step};
use super::stage::{Stage, wait_for};

/// Those who look at the stage. Without any other word the scene goes on as fast as it can, and nobody looks.
pub trait Audience {
    /// How long a step may wait for a line.
    fn patience(&self) -> Duration {
        Duration::from_secs(30)
    }

    /// All windows are open, and the first step comes.
    fn opened(&mut self, _stage: &Stage, _scene: &Scene) -> Result<(), String> {
        Ok(())
    }

    /// Comes before each step.
    fn before(&mut self, _stage: &Stage, _scene: &Scene, _step: &Step) -> Result<(), String> {
        Ok(())
    }

    /// Between two characters.
    fn typing(&self) -> Duration {
        Duration::ZERO
    }

    fn picture(&mut self, _stage: &Stage, _scene: &Scene, _picture: &Picture) -> Result<(), String> {
        Ok(())
    }
}

/// Nobody looks.
pub struct Nobody;

impl Audience for Nobody {}

/// Where a window has been read up to: the line that was waited for last, as it was then.
#[derive(Clone, Default)]
struct Seen {
    line: usize,
    text: String,
}

/// Plays it to its end. An error says what was waited for, and shows the window.
pub fn play(scene: &Scene, stage: &Stage, audience: &mut impl Audience) -> Result<(), String> {
    scene.rate.iter().for_each(|rate| stage.slow_down(rate));
    let curtain = scene.steps.iter().position(|step| step.action == Action::Curtain);
    let (before, after) = scene.steps.split_at(curtain.map_or(0, |step| step + 1));
    if !before.is_empty() {
        scene.windows.iter().try_for_each(|window| stage.open_window(window))?;
        steps(scene, stage, before, &mut Nobody)?;
        scene.windows.iter().try_for_each(|window| stage.close_window(window))?;
    }
    scene.windows.iter().try_for_each(|window| stage.open_window(window))?;
    audience.opened(stage, scene)?;
    steps(scene, stage, after, audience)
}

fn steps(scene: &Scene, stage: &Stage, steps: &[Step], audience: &mut impl Audience) -> Result<(), String> {
    let mut seen = vec![Seen::default(); scene.windows.len()];
    for step in steps {
        audience.before(stage, scene, step)?;
        let patience = audience.patience();
        match &step.action {
            Action::Enter { window, text } => {
                type_text(scene, stage, *window, text, audience.typing())?;
                stage.press(&scene.windows[*window], &["Enter"])?;
            }
            Action::Type { window, text } => type_text(scene, stage, *window, text, audience.typing())?,
            Action::Press { window, keys } => {
                let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
                stage.press(&scene.windows[*window], &keys)?;
            }
            Action::Wait { window, pattern } => {
                let seen = &mut seen[*window];
                *seen = wait(scene, stage, step, patience, |lines| find(lines, seen, pattern))?;
            }
            Action::WaitForPrompt { window } => {
                let seen = &mut seen[*window];
                *seen = wait(scene, stage, step, patience, |lines| prompt(lines, seen))?;
            }
            Action::Picture(picture) => audience.picture(stage, scene, picture)?,
            Action::Say(_) | Action::Curtain => {}
        }
    }
    Ok(())
}

fn type_text(scene: &Scene, stage: &Stage, window: usize, text: &str, pause: Duration) -> Result<(), String> {
    let window = &scene.windows[window];
    if pause.is_zero() {
        return if text.is_empty() { Ok(()) } else { stage.type_text(window, text) };
    }
    text.chars().try_for_each(|char| {
        thread::sleep(pause);
        stage.type_text(window, &char.to_string())
    })
}

/// Waits for something in the window of this step.
fn wait(
    scene: &Scene,
    stage: &Stage,
    step: &Step,
    patience: Duration,
    look: impl Fn(&[String]) -> Option<Seen>,
) -> Result<Seen, String> {
    let window = &scene.windows[step.action.window().unwrap_or_default()];
    let what = format!("tests/scenes/{}.scene:{}, {:?}", scene.name, step.line, step.action);
    let found = wait_for(&what, patience, || Ok(look(&stage.text(window)?)));
    found.map_err(|error| {
        let shown = stage.text(window).map(|lines| format!("\n{}", lines.join("\n")));
        error + &shown.unwrap_or_default()
    })
}

/// The first line that fits, after the one that was waited for before. That one counts again when it is another one now, as
/// a line of progress.
fn find(lines: &[String], seen: &Seen, pattern: &str) -> Option<Seen> {
    let new = lines.iter().enumerate().filter(|(at, line)| *at > seen.line || *at == seen.line && **line != seen.text);
    let (line, text) = new.into_iter().find(|(_, line)| fits(pattern, line))?;
    Some(Seen { line, text: text.clone() })
}

/// The shell's prompt, if it is the last line.
fn prompt(lines: &[String], seen: &Seen) -> Option<Seen> {
    let line = lines.len().checked_sub(1).filter(|last| *last >= seen.line && lines[*last] == "$")?;
    Some(Seen { line, text: lines[line].clone() })
}
