//! Plays the scenes: `demo [SCENE]` live in tmux, `text SCENE` for what the windows show in the end,
//! `screenshots [SCENE]` for the pictures of the report.
//!
//! One thread. The programs are those beside this one, built before.

#[path = "../harness/fits.rs"]
mod fits;

mod demo;
mod display;
mod layout;
mod play;
mod scene;
mod screenshots;
mod stage;

use std::env;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use demo::{End, demonstrate};
use fits::fits;
use play::{Nobody, play};
use scene::Scene;
use stage::{STOPPED, Stage};

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    // What asks this process to end also ends what it has started.
    let set = ctrlc::set_handler(|| STOPPED.store(true, Ordering::Relaxed));
    let result = set.map_err(|error| error.to_string()).and_then(|()| match words[..] {
        ["demo", ref names @ ..] => demo(&chosen(names)?),
        ["text", name] => text(name),
        ["screenshots", ref names @ ..] => screenshots::take(&chosen(names)?),
        _ => Err("usage: scenes demo [SCENE], scenes text SCENE, scenes screenshots [SCENE]".to_owned()),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The folder with the programs: cargo puts an example into a folder beside them.
fn programs() -> Result<PathBuf, String> {
    let own = env::current_exe().map_err(|error| error.to_string())?;
    own.parent().and_then(|folder| folder.parent()).map(PathBuf::from).ok_or_else(|| "no folder".to_owned())
}

/// The names of these scenes, or of all.
fn chosen(names: &[&str]) -> Result<Vec<String>, String> {
    // A task by its number.
    let full = |name: &&str| if name.parse::<u32>().is_ok() { format!("task-{name}") } else { (*name).to_owned() };
    if names.is_empty() { scene::names() } else { Ok(names.iter().map(full).collect()) }
}

/// Shows scenes, one after another.
fn demo(names: &[String]) -> Result<(), String> {
    let mut missing = Vec::new();
    for (number, name) in names.iter().enumerate() {
        let scene = Scene::load(name)?;
        let next = names.get(number + 1).map_or("the end".to_owned(), |name| format!("go on with {name}"));
        if let Some(tool) = missing_tool(&scene) {
            missing.push(tool);
        } else if demonstrate(&scene, open(&scene)?, &next)? == End::Stopped {
            break;
        }
    }
    // One sentence for what several scenes need.
    missing.dedup();
    if missing.is_empty() { Ok(()) } else { Err(missing.join("\n")) }
}

/// Why a scene cannot be played, if a program is missing.
fn missing_tool(scene: &Scene) -> Option<String> {
    let package = match scene.missing()? {
        "tmux" => return Some("Scenes need tmux: on Debian 'sudo apt install tmux'".to_owned()),
        "pgrep" | "pkill" | "ps" => "procps",
        "convert" => "imagemagick",
        tool => tool,
    };
    Some(format!("The scene {} needs {package}: on Debian 'sudo apt install {package}'", scene.name))
}

/// A stage for a scene, if everything that it needs is there.
fn open(scene: &Scene) -> Result<Stage, String> {
    missing_tool(scene).map_or_else(|| Stage::open(&programs()?, Stage::can_be_apart()), Err)
}

/// Prints what each window shows in the end, for whoever writes the report.
fn text(name: &str) -> Result<(), String> {
    let scene = Scene::load(name)?;
    let stage = open(&scene)?;
    play(&scene, &stage, &mut Nobody)?;
    let mut output = io::stdout().lock();
    let mut print = |text: String| output.write_all(text.as_bytes()).map_err(|error| error.to_string());
    scene.windows.iter().try_for_each(|window| {
        let lines = stage.text(window)?.join("\n");
        print(format!("<!-- scene {name}: {} -->\n```text\n{lines}\n```\n\n", window.name))
    })
}
