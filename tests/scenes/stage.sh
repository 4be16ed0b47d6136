# The stage of a scene: a tmux server in the foreground, until the standard input of this script ends.
# In namespaces of its own, if APART is set: then nothing of the stage can outlive this script, which is process 1.
set -e
if [ "$APART" ]; then
    PATH=$PATH:/usr/sbin:/sbin
    mount --bind "$PROGRAMS" "$STAGE/home/target/release"
    mount --rbind "$STAGE/home" /home
    # The people are not root, which tcpdump would give up, and cannot where root is alone; they have root's rights.
    people="unshare -U --map-user=1000 --map-group=1000 --keep-caps -n"
    network="ip link set lo up; ip route add 239.0.0.0/8 dev lo;"
fi
# Without the settings of whoever plays the scene, and without the terminal, to which a client of it may be attached.
$people sh -c "$network exec tmux -S '$STAGE/tmux' -f /dev/null -D" </dev/null >/dev/null 2>&1 &
cat >/dev/null
# Elsewhere what runs in the background would go on.
[ "$APART" ] || for pane in $(tmux -S "$STAGE/tmux" list-panes -aF '#{pane_pid}' 2>/dev/null); do
    pkill -HUP -s "$pane" || true
done
tmux -S "$STAGE/tmux" kill-server 2>/dev/null || true
wait
