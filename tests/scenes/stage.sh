# The stage of a scene: a tmux server in the foreground, until the standard input of this script ends.
# In namespaces of its own, if APART is set: then nothing of the stage can outlive this script, which is process 1.
set -e
if [ "$APART" ]; then
    PATH=$PATH:/usr/sbin:/sbin
    ip link set lo up
    mount --bind "$PROGRAMS" "$STAGE/home/target/release"
    mount --rbind "$STAGE/home" /home
fi
# Without the settings of whoever plays the scene, and without the terminal, to which a client of it may be attached.
tmux -S "$STAGE/tmux" -f /dev/null -D </dev/null >/dev/null 2>&1 &
cat >/dev/null
tmux -S "$STAGE/tmux" kill-server 2>/dev/null || true
wait
