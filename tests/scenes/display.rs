//! A display of its own (Xvfb) for a picture: an xterm for each title and each terminal, Chromium for a page.
//!
//! The display ends with the last program that it shows, and these end with the stage.

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use super::layout::{PADDING, Place, outer};
use super::scene::Window;
use super::stage::{STOPPED, Stage, target};

/// The font, and its size in points.
pub const FONT: (&str, &str) = ("DejaVu Sans Mono", "11");
/// The largest picture.
const SCREEN: &str = "1200x1800x24";
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at the display.
const LOOK: Duration = Duration::from_millis(150);
/// So many looks in a row that are the same, or so many at all, where something moves, make a picture.
const SAME: u32 = 4;
const MOVING: u32 = 8;

/// The colours of windows: ground, text; of their titles; of their borders.
struct Colours {
    ground: &'static str,
    text: &'static str,
    title: &'static str,
    border: &'static str,
}

const LIGHT: Colours = Colours { ground: "#ffffff", text: "#1f2328", title: "#d8dee4", border: "#afb8c1" };
const DARK: Colours = Colours { ground: "#161b22", text: "#d8dee4", title: "#3d444d", border: "#3d444d" };

/// A picture: its width, and three bytes for each pixel.
pub struct Pixels {
    width: u32,
    bytes: Vec<u8>,
}

impl Pixels {
    /// Reads a PPM file as `ImageMagick` writes it, whose head has four words.
    fn read(file: &Path, width: u32) -> Result<Pixels, String> {
        let bytes = fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let ends = bytes.iter().enumerate().filter(|(_, byte)| byte.is_ascii_whitespace());
        let head = ends.map(|(at, _)| at + 1).nth(3).unwrap_or_default();
        Ok(Pixels { width, bytes: bytes[head..].to_owned() })
    }

    /// The number of different colours in a part of it.
    pub fn colours(&self, at: Place, size: Place) -> usize {
        let rows = self.bytes.chunks(3 * self.width as usize).skip(at.1 as usize).take(size.1 as usize);
        let pixels = rows.flat_map(|row| row.chunks(3).skip(at.0 as usize).take(size.0 as usize));
        pixels.collect::<HashSet<_>>().len()
    }
}

pub struct Display {
    xvfb: Child,
    /// As in the variable DISPLAY.
    name: String,
    colours: &'static Colours,
    is_dark: bool,
    xterms: Vec<Child>,
}

impl Display {
    pub fn open(is_dark: bool) -> Result<Display, String> {
        let mut command = Command::new("Xvfb");
        // It chooses a number that is free, and ends with the last program that it shows.
        command.args(["-displayfd", "1", "-terminate", "-nolisten", "tcp", "-screen", "0", SCREEN]);
        command.arg(if is_dark { "-br" } else { "-wr" });
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut xvfb = command.spawn().map_err(|error| format!("Xvfb: {error}"))?;
        let mut number = String::new();
        if let Some(output) = xvfb.stdout.take() {
            BufReader::new(output).read_line(&mut number).map_err(|error| format!("Xvfb: {error}"))?;
        }
        if number.is_empty() {
            return Err("Xvfb has not started".to_owned());
        }
        let name = format!(":{}", number.trim());
        Ok(Display { xvfb, name, colours: if is_dark { &DARK } else { &LIGHT }, is_dark, xterms: Vec::new() })
    }

    /// Shows a command in an xterm of these columns and rows.
    fn xterm(
        &mut self,
        (columns, rows): (u16, u16),
        at: Place,
        colours: [&str; 2],
        shown: &Command,
    ) -> Result<(), String> {
        let [ground, border] = colours;
        let mut xterm = Command::new("xterm");
        let geometry = format!("{columns}x{rows}+{}+{}", at.0, at.1);
        xterm.args(["-fa", FONT.0, "-fs", FONT.1, "-geometry", &geometry, "-tn", "xterm-256color", "+sb"]);
        xterm.args(["-bg", ground, "-fg", self.colours.text, "-bd", border, "-bw", "1", "-b", &PADDING.to_string()]);
        // The cursor looks the same in each window, and does not blink.
        xterm.args(["-xrm", "XTerm*cursorBlink: false", "-xrm", "XTerm*alwaysHighlight: true"]);
        xterm.arg("-e").arg(shown.get_program()).args(shown.get_args());
        xterm.env("DISPLAY", &self.name).env("LC_ALL", "C.UTF-8").env_remove("TMUX");
        xterm.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.xterms.push(xterm.spawn().map_err(|error| format!("xterm: {error}"))?);
        Ok(())
    }

    /// The title is a window of one row, in bold, without a cursor, until the stage is no more.
    pub fn show_title(&mut self, stage: &Stage, window: &Window, at: Place) -> Result<(), String> {
        let wait = stage.tmux();
        let mut print = Command::new("sh");
        print.args(["-c", r#"printf '\033[?25l\033[1m%s' "$0"; exec "$@""#, &window.title]);
        print.arg(wait.get_program()).args(wait.get_args()).args(["wait-for", "the-end"]);
        self.xterm((window.columns, 1), at, [self.colours.title; 2], &print)
    }

    /// A terminal is attached to the window.
    pub fn show(&mut self, stage: &Stage, window: &Window, at: Place) -> Result<(), String> {
        let mut attach = stage.tmux();
        attach.args(["attach", "-t", &target(window)]);
        self.xterm((window.columns, window.rows), at, [self.colours.ground, self.colours.border], &attach)
    }

    /// Chromium runs on the stage, where the page is, and shows the address that this window showed last.
    pub fn show_page(&self, stage: &Stage, session: &str, window: &Window, at: Place) -> Result<(), String> {
        let text = stage.text(window)?.join(" ");
        let address =
            text.split(' ').rfind(|word| word.starts_with("http://")).ok_or("there is no address of a page")?;
        let (width, height) = outer(window);
        let display = format!("DISPLAY={}", self.name);
        let folder = stage.folder().join(session);
        let settings = fs::create_dir_all(folder.join("gtk-3.0"))
            .and_then(|()| fs::write(folder.join("gtk-3.0/settings.ini"), "[Settings]\ngtk-cursor-blink=0\n"));
        settings.map_err(|error| format!("{}: {error}", folder.display()))?;
        let config = format!("XDG_CONFIG_HOME={}", folder.display());
        let profile = format!("--user-data-dir={}", folder.display());
        let home = format!("HOME={}", folder.display());
        let mut command =
            vec!["new-session", "-d", "-s", session, "env", "-u", "XDG_CACHE_HOME", &home, &config, &display];
        command.extend(["chromium", &profile]);
        // The namespaces of its sandbox cannot be made in others, and what it says about that is none of the picture.
        command.extend(["--no-sandbox", "--test-type", "--no-first-run", "--disable-gpu", "--lang=en"]);
        command.extend(self.is_dark.then_some("--force-dark-mode"));
        let options = [
            format!("--window-position={},{}", at.0, at.1),
            format!("--window-size={width},{height}"),
            format!("--app={address}"),
        ];
        command.extend(options.iter().map(String::as_str));
        stage.run(&command).map(drop)
    }

    /// Takes pictures until some in a row are the same, and drawn; or until many were drawn, where something moves.
    pub fn wait_until_drawn(&self, file: &Path, size: Place, is_drawn: impl Fn(&Pixels) -> bool) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        let (mut last, mut same, mut moving) = (Vec::new(), 0, 0);
        while same < SAME && moving < MOVING {
            if STOPPED.load(Ordering::Relaxed) {
                return Err("stopped".to_owned());
            }
            if Instant::now() > deadline {
                return Err("the windows were never drawn".to_owned());
            }
            thread::sleep(LOOK);
            let mut import = Command::new("import");
            import.args(["-display", &self.name, "-window", "root", "-crop", &format!("{}x{}+0+0", size.0, size.1)]);
            run(import.args(["+repage", "-depth", "8"]).arg(file))?;
            let picture = Pixels::read(file, size.0)?;
            let is_drawn = is_drawn(&picture);
            moving += u32::from(is_drawn);
            same = if picture.bytes == last && is_drawn { same + 1 } else { 0 };
            last = picture.bytes;
        }
        Ok(())
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        for child in self.xterms.iter_mut().chain([&mut self.xvfb]) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().display().to_string();
    let run = command.output().map_err(|error| format!("{program}: {error}"))?;
    if run.status.success() { Ok(()) } else { Err(format!("{program}: {}", String::from_utf8_lossy(&run.stderr))) }
}
