//! Takes the pictures of the scenes: each window in an xterm of its own, each page in Chromium, side by side, as they are at
//! that step. Taken again they differ in times, ports, process ids, counts and speeds.
//!
//! One thread.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::display::{Display, FONT, PATIENCE, Pixels, run};
use super::layout::{CELL, PADDING, TITLE, layout, outer};
use super::play::{Audience, play};
use super::scene::{Picture, Scene, Window};
use super::stage::{Stage, wait_for};

/// What it takes, and the package of Debian.
const TOOLS: [(&str, &str); 5] =
    [("tmux", "tmux"), ("Xvfb", "xvfb"), ("xterm", "xterm"), ("import", "imagemagick"), ("chromium", "chromium")];
/// The package of the font.
const PACKAGE: &str = "fonts-dejavu-core";
/// The keys of a person, a client's and a server's, in the person's folder.
const KEYS: [&str; 2] = [".config/groupchat/identity.pem", ".local/share/groupchat/6667/tls/server.pem"];
/// As small as can be: in few colours, the same each time, and without the date.
const SMALL: [&str; 8] = [
    "+dither",
    "-posterize",
    "32",
    "-strip",
    "-define",
    "png:compression-level=9",
    "-define",
    "png:exclude-chunk=date,time",
];
/// A page has more colours than this, and less while it is being loaded.
const PAGE_COLOURS: usize = 50;

/// Takes the pictures of these scenes.
pub fn take(names: &[String]) -> Result<(), String> {
    let missing: Vec<&str> = TOOLS.iter().filter(|(tool, _)| !Scene::has(tool)).map(|(_, package)| *package).collect();
    if !missing.is_empty() {
        return Err(format!("Pictures need more programs: on Debian 'sudo apt install {}'", missing.join(" ")));
    }
    for name in names {
        let scene = Scene::load(name)?;
        if scene.pictures().next().is_some() {
            let stage = super::open(&scene)?;
            copy_keys(&scene, |window, key| Ok((kept(window, key), stage.home(window)?.join(key))))?;
            play(&scene, &stage, &mut Camera)?;
            copy_keys(&scene, |window, key| Ok((stage.home(window)?.join(key), kept(window, key))))?;
        }
    }
    Ok(())
}

struct Camera;

impl Audience for Camera {
    fn picture(&mut self, stage: &Stage, scene: &Scene, picture: &Picture) -> Result<(), String> {
        let name = &picture.name;
        let mut display = Display::open(picture.is_dark)?;
        let (placed, size) = layout(scene, picture);
        let is_page = |window: &Window| scene.pages.iter().any(|page| std::ptr::eq(page, window));
        for (window, at) in &placed {
            display.show_title(stage, window, *at)?;
            let below = (at.0, at.1 + TITLE);
            if is_page(window) {
                display.show_page(stage, name, window, below)?;
            } else {
                display.show(stage, window, below)?;
            }
        }
        let terminals = placed.iter().filter(|(window, _)| !is_page(window)).count();
        let font = format!("an xterm in {} for each window; on Debian 'sudo apt install {PACKAGE}'", FONT.0);
        let sizes = "#{client_width} #{client_cell_width} #{client_height} #{client_cell_height}";
        wait_for(&font, PATIENCE, || {
            let ready = stage.run(&["list-clients", "-F", sizes])?.lines().filter(|sizes| has_font(sizes)).count();
            Ok((ready == terminals).then_some(()))
        })?;
        let is_drawn = |picture: &Pixels| {
            placed.iter().all(|(window, at)| {
                let colours = picture.colours((at.0, at.1 + TITLE), outer(window));
                colours >= if is_page(window) { PAGE_COLOURS } else { 2 } && picture.colours(*at, (TITLE, TITLE)) >= 2
            })
        };
        let file = stage.folder().join("picture.ppm");
        display.wait_until_drawn(&file, size, is_drawn)?;
        if placed.iter().any(|(window, _)| is_page(window)) {
            stage.run(&["kill-session", "-t", &format!("={name}")])?;
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("report/pictures").join(name).with_extension("png");
        let mut convert = Command::new("convert");
        convert.arg(file).args(SMALL).args(["-set", "comment", &scene.sum]);
        run(convert.arg(&path))?;
        println!("{}", path.display());
        Ok(())
    }
}

/// Whether a terminal with these columns and rows, each with the size of a cell, has the font. What tmux takes for the size
/// of a cell is a part of the whole window's.
fn has_font(sizes: &str) -> bool {
    let sizes: Vec<u32> = sizes.split(' ').filter_map(|size| size.parse().ok()).collect();
    let fits = |count: u32, cell: u32, size: u32| count > 0 && size == (count * cell + 2 * PADDING) / count;
    matches!(sizes[..], [columns, width, rows, height] if fits(columns, CELL.0, width) && fits(rows, CELL.1, height))
}

/// Where keys are kept, so that the next pictures show the same fingerprints.
fn kept(window: &Window, key: &str) -> PathBuf {
    let folder = super::programs().unwrap_or_default().join("scenes").join(&window.person);
    folder.join(Path::new(key).file_name().unwrap_or_default())
}

/// Copies the keys of all people from one place to another.
fn copy_keys(scene: &Scene, of: impl Fn(&Window, &str) -> Result<(PathBuf, PathBuf), String>) -> Result<(), String> {
    for (window, key) in scene.windows.iter().flat_map(|window| KEYS.map(|key| (window, key))) {
        let (from, to) = of(window, key)?;
        if let (true, Some(folder)) = (from.exists(), to.parent()) {
            let copied = fs::create_dir_all(folder).and_then(|()| fs::copy(&from, &to));
            copied.map_err(|error| format!("{}: {error}", to.display()))?;
        }
    }
    Ok(())
}
