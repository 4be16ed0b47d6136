//! The keyboard as a source of lines: blocks until a line is entered, and edits it meanwhile.
//!
//! Run by the main thread, inside the input loop's read. It waits for keys under no lock; for each, it locks the state and
//! then the editor.

use super::history;
use super::limits::PASTES;
use super::tty::{self, Happening, Keys, Modes};
use super::view::{Editor, Request, lock};
use crate::core::client::Client;
use crate::core::command;
use crate::core::input::{Refused, Source};
use crate::core::settings;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use wire::disk;

pub struct Keyboard {
    client: Arc<Client>,
    editor: Arc<Mutex<Editor>>,
    modes: Arc<Modes>,
    keys: Keys,
    history: Option<PathBuf>,
}

impl Keyboard {
    pub fn new(client: &Arc<Client>, editor: &Arc<Mutex<Editor>>, modes: &Arc<Modes>) -> io::Result<Keyboard> {
        let (client, editor, modes) = (Arc::clone(client), Arc::clone(editor), Arc::clone(modes));
        let history = history::file();
        if let Some(file) = &history {
            // Should it fail, the file stays as it is.
            let _ = history::tidy(file);
            lock(&editor).prompt.history = history::load(file);
        }
        lock(&editor).knows_files = command::find(&client.commands, "/file").is_some();
        let keys = Keys::new(&modes)?;
        // What is typed before the first prompt waits for it.
        modes.raw(true);
        lock(&editor).screen.prepare();
        Ok(Keyboard { client, editor, modes, keys, history })
    }

    /// Edits until there is a line; `None` at the end of the input.
    fn line(&mut self) -> Option<String> {
        loop {
            let request = match self.keys.next() {
                Happening::Key(key) => {
                    let state = self.client.lock();
                    if self.modes.is_ending() {
                        continue;
                    }
                    let mut editor = lock(&self.editor);
                    editor.screen.hold();
                    let request = editor.key(key, &state.model, &self.client.commands);
                    // Keys that came together are shown together.
                    if request.is_some() || !self.keys.has_next() {
                        editor.screen.release();
                    }
                    request
                }
                Happening::Window => {
                    let _state = self.client.lock();
                    lock(&self.editor).window(tty::size());
                    self.modes.raw(false);
                    None
                }
                Happening::Continued => {
                    let _state = self.client.lock();
                    self.modes.raw(false);
                    lock(&self.editor).go_on(tty::size());
                    None
                }
                Happening::Quit => {
                    self.modes.begin_end();
                    tty::interrupt();
                    None
                }
                Happening::Closed => return None,
            };
            match request {
                Some(Request::Line { line, typed }) => {
                    typed.iter().for_each(|typed| self.remember(typed));
                    return Some(line);
                }
                Some(Request::FileOfPaste { text, to }) => match save(&text) {
                    Ok(file) => return Some(format!("/file \"{}\" {to}", file.display())),
                    Err(error) => self.client.note(format!("Nothing was sent: the paste cannot be saved ({error})")),
                },
                Some(Request::End) => return None,
                Some(Request::Interrupt) => {
                    // The program ends soon; what was typed behind that, or comes meanwhile, is not sent.
                    self.keys.drop_pending();
                    self.modes.want_end();
                    self.modes.begin_end();
                    tty::interrupt();
                }
                Some(Request::Suspend) => self.suspend(),
                None => {}
            }
        }
    }

    fn remember(&self, line: &str) {
        if !lock(&self.editor).prompt.history.add(line) {
            return;
        }
        if let Some(file) = &self.history
            && let Err(error) = history::append(file, line)
        {
            self.client.note(format!("The history of your lines cannot be saved: {error}"));
        }
    }

    /// Stops, and goes on when the shell says so.
    fn suspend(&mut self) {
        let state = self.client.lock();
        // As a terminal does: it was typed for another program.
        self.keys.drop_pending();
        lock(&self.editor).screen.leave();
        self.modes.restore();
        drop(state);
        tty::stop();
        self.keys.forget_stop();
        let _state = self.client.lock();
        self.modes.raw(false);
        lock(&self.editor).screen.enter();
    }
}

/// Puts a paste into a private file, from which it is sent.
fn save(text: &str) -> io::Result<PathBuf> {
    let folder = settings::folder()?.join("pastes");
    let mut old: Vec<_> = fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    old.sort_by_key(|file| fs::metadata(file).and_then(|metadata| metadata.modified()).ok());
    let surplus = old.len().saturating_sub(PASTES - 1);
    // One that cannot be removed stays.
    old[..surplus].iter().for_each(|file| _ = fs::remove_file(file));
    let file = disk::free_name(&folder.join("paste.txt"))?;
    settings::write_atomically(&file, format!("{text}\n").as_bytes())?;
    Ok(file)
}

impl Source for Keyboard {
    fn next_line(&mut self) -> Option<Result<String, Refused>> {
        self.modes.raw(false);
        let line = self.line();
        self.modes.raw(true);
        line.map(Ok)
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        lock(&self.editor).screen.leave();
        self.modes.end();
    }
}
