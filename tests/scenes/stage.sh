# The stage of a scene: a tmux server in the foreground, until the standard input of this script ends.
# In namespaces of its own, where NAMESPACES is set: then nothing of the stage can outlive this script, which is process 1.
set -e
if [ "$NAMESPACES" ]; then
    PATH=$PATH:/usr/sbin:/sbin
    ip link set lo up
    mount --bind "$PROGRAMS" "$STAGE/home/target/release"
    mount --rbind "$STAGE/home" /home
fi
# Not -f /dev/null alone: the settings of whoever plays the scene have no place here.
tmux -S "$STAGE/tmux" -f /dev/null -D </dev/null &
cat >/dev/null
tmux -S "$STAGE/tmux" kill-server 2>/dev/null || true
wait
