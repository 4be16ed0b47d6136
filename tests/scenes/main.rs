//! Plays the scenes: `demo [SCENE]` live in tmux, `text SCENE` for what the windows show in the end.
//!
//! One thread. The programs are those beside this one, built before.

#[path = "../harness/fits.rs"]
mod fits;
mod play;
mod scene;
mod stage;

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use fits::fits;
use play::{Audience, play};
use scene::Scene;
use stage::Stage;

/// Nobody looks.
struct Nobody;

impl Audience for Nobody {}

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let result = match words[..] {
        ["text", name] => text(name),
        _ => Err("usage: scenes text SCENE".to_owned()),
    };
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

/// Prints what each window shows in the end, for whoever writes the report.
fn text(name: &str) -> Result<(), String> {
    let scene = Scene::load(name)?;
    if let Some(tool) = scene.missing() {
        return Err(format!("{name} needs {tool}"));
    }
    let stage = Stage::open(&programs()?, Stage::can_be_apart())?;
    play(&scene, &stage, &mut Nobody)?;
    for window in &scene.windows {
        println!("<!-- scene {name}: {} -->\n```text\n{}\n```\n", window.name, stage.text(window)?.join("\n"));
    }
    Ok(())
}
