#!/usr/bin/env bash
# A real Slurm cluster of three nodes on this machine's loopback, for tests: one pretend GPU a node, accounting, no systemd.
# Needs root on Debian 12. Slurm's clients find no configuration but /etc/slurm's, so a machine that has one is left alone.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: cluster.sh install | start | stop | status | kill-node N | start-node N | restart-controller [SECONDS] | orphans
  install             install from Debian whatever is missing
  start               start everything afresh (a running cluster is left as it is)
  stop                cancel jobs, end every process of the cluster and remove its configuration
  status              show nodes and jobs; exit status 0 if the three nodes are usable
  kill-node N         kill -9 node N's daemon, its step daemons and the jobs' processes on it (N is 1, 2 or 3)
  start-node N        start node N's daemon
  restart-controller [SECONDS]  stop slurmctld and start it again, keeping its state
  orphans             list processes of the cluster that are alive
TEXT
}

readonly state="${SLURM_TEST_STATE:-/tmp/slurm-test-cluster}"
readonly configuration=/etc/slurm
readonly mark="# written by tests/slurm/cluster.sh"
readonly nodes=(1 2 3)
readonly packages=(munge slurmctld slurmd slurmdbd slurm-client mariadb-server)
readonly programs=(munged slurmctld slurmd slurmdbd sbatch sacctmgr mariadbd mariadb-install-db)
readonly controller_port=17010 accounting_port=17020 database_port=17030 node_port_base=17040

die() {
    echo "cluster.sh: $*" >&2
    exit 1
}

require_root() {
    [[ $EUID -eq 0 ]] || die "needs root, got uid $EUID; run it as root"
}

# wait_for SECONDS COMMAND...: until the command succeeds, never longer than SECONDS
wait_for() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < deadline)) || return 1
        sleep 0.2
    done
}

# --- install

missing_programs() {
    local program
    for program in "${programs[@]}"; do
        command -v "$program" >/dev/null || echo "$program"
    done
}

# Debian starts daemons on installation; this script starts its own
forbid_service_starts() {
    [[ -e /usr/sbin/policy-rc.d ]] && return
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod +x /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
}

install_packages() {
    require_root
    [[ -z "$(missing_programs)" ]] && return
    command -v apt-get >/dev/null || die "no apt-get here; install: ${packages[*]}"
    forbid_service_starts
    export DEBIAN_FRONTEND=noninteractive
    timeout 300 apt-get -o DPkg::Lock::Timeout=120 -q update </dev/null
    timeout 600 apt-get -o DPkg::Lock::Timeout=120 -q -y --no-install-recommends install "${packages[@]}" </dev/null
    [[ -z "$(missing_programs)" ]] || die "still missing after the installation: $(missing_programs | xargs)"
}

# --- configuration

refuse_a_foreign_configuration() {
    [[ -e $configuration/slurm.conf ]] || return 0
    grep -q "^$mark" "$configuration/slurm.conf" ||
        die "$configuration/slurm.conf belongs to another cluster; run the tests on a machine without Slurm"
}

# jobs get CUDA_VISIBLE_DEVICES only for a character device; a plain file is still counted
pretend_gpu() {
    mknod "$state/gpu/nvidia0" c 195 0 2>/dev/null || touch "$state/gpu/nvidia0"
}

write_slurm_conf() {
    local host node
    host=$(hostname)
    cat >"$configuration/slurm.conf" <<CONF
$mark
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$controller_port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# a requeued job waits for cred_expire before it starts again: 120 s unless set
AuthInfo=socket=$state/munge/socket,cred_expire=5
StateSaveLocation=$state/controller
SlurmctldPidFile=$state/slurmctld.pid
SlurmctldLogFile=$state/slurmctld.log
SlurmdSpoolDir=$state/%n
SlurmdPidFile=$state/slurmd.%n.pid
SlurmdLogFile=$state/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=5,bf_interval=5
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=5
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=$accounting_port
# for this daemon the password is the path of the munge socket
AccountingStoragePass=$state/munge/socket
AccountingStorageEnforce=associations
AccountingStorageTRES=gres/gpu
AccountingStoreFlags=job_comment
GresTypes=gpu
JobRequeue=1
ReturnToService=2
SlurmdTimeout=10
SlurmctldTimeout=10
KillWait=5
MinJobAge=300
# nodes declare more than a small machine has
SlurmdParameters=config_overrides
CONF
    for node in "${nodes[@]}"; do
        echo "NodeName=n$node NodeHostname=$host NodeAddr=127.0.0.1 Port=$((node_port_base + node))" \
            "CPUs=2 RealMemory=6000 Gres=gpu:1 State=UNKNOWN" >>"$configuration/slurm.conf"
    done
    cat >>"$configuration/slurm.conf" <<'CONF'
PartitionName=cpu Nodes=n[1-3] Default=YES MaxTime=1-00:00:00 State=UP
PartitionName=gpu Nodes=n[1-3] MaxTime=1-00:00:00 State=UP
CONF
    echo "NodeName=n[1-3] Name=gpu Count=1 File=$state/gpu/nvidia0" >"$configuration/gres.conf"
}

write_slurmdbd_conf() {
    cat >"$configuration/slurmdbd.conf" <<CONF
$mark
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort=$accounting_port
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$state/munge/socket
LogFile=$state/slurmdbd.log
PidFile=$state/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=$database_port
StorageUser=slurm
StoragePass=loopback-only
StorageLoc=slurm_acct_db
CONF
    chmod 600 "$configuration/slurmdbd.conf"
}

write_configuration() {
    mkdir -p "$configuration" "$state"/{controller,gpu,n1,n2,n3}
    pretend_gpu
    write_slurm_conf
    write_slurmdbd_conf
}

# --- daemons

# alive NAME: whether the process in NAME.pid lives and is what it should be: no reused number, no corpse that waits for its parent
alive() {
    local pid
    pid=$(cat "$state/$1.pid" 2>/dev/null) &&
        [[ "$(cat "/proc/$pid/comm" 2>/dev/null)" == "${1%%.*}" ]] &&
        ! grep -q '^State:[[:space:]]*Z' "/proc/$pid/status" 2>/dev/null
}

start_munged() {
    install -d -o munge -g munge -m 755 "$state/munge"
    install -d -o munge -g munge -m 700 "$state/munge/private"
    dd if=/dev/urandom of="$state/munge/private/key" bs=1024 count=1 status=none
    chown munge:munge "$state/munge/private/key"
    chmod 400 "$state/munge/private/key"
    setpriv --reuid munge --regid munge --clear-groups munged --socket "$state/munge/socket" \
        --key-file "$state/munge/private/key" --pid-file "$state/munge/munged.pid" \
        --log-file "$state/munge/private/log" --seed-file "$state/munge/private/seed" \
        </dev/null >/dev/null 2>&1
    ln -sf munge/munged.pid "$state/munged.pid"
    wait_for 10 munge_works || die "munged does not answer; see $state/munge/private/log"
}

munge_works() {
    munge --socket "$state/munge/socket" --no-input --output /dev/null
}

start_database() {
    install -d -o mysql -g mysql -m 700 "$state/database"
    mariadb-install-db --no-defaults --user=mysql --datadir="$state/database" --skip-test-db \
        --auth-root-authentication-method=socket </dev/null >"$state/database.log" 2>&1
    cat >"$state/database.sql" <<'SQL'
CREATE DATABASE IF NOT EXISTS slurm_acct_db;
CREATE USER IF NOT EXISTS 'slurm'@'127.0.0.1' IDENTIFIED BY 'loopback-only';
GRANT ALL ON slurm_acct_db.* TO 'slurm'@'127.0.0.1';
SQL
    setsid mariadbd --no-defaults --user=mysql --datadir="$state/database" --socket="$state/database/socket" \
        --bind-address=127.0.0.1 --port="$database_port" --skip-name-resolve --pid-file="$state/database/mariadbd.pid" \
        --init-file="$state/database.sql" --innodb-buffer-pool-size=64M --innodb-log-file-size=16M \
        --innodb-flush-log-at-trx-commit=0 --innodb-lock-wait-timeout=900 --skip-log-bin \
        </dev/null >>"$state/database.log" 2>&1 &
    ln -sf database/mariadbd.pid "$state/mariadbd.pid"
    wait_for 20 listens "$database_port" || die "mariadbd does not answer; see $state/database.log"
}

listens() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1")
}

start_accounting() {
    slurmdbd </dev/null >/dev/null 2>&1
    wait_for 20 sacctmgr -n list cluster || die "slurmdbd does not answer; see $state/slurmdbd.log"
    sacctmgr -i add cluster test >/dev/null
    sacctmgr -i add account research Description=tests Organization=tests >/dev/null
    sacctmgr -i add user "$(id -un)" Account=research DefaultAccount=research >/dev/null
}

start_controller() {
    slurmctld </dev/null >/dev/null 2>&1
    wait_for 20 controller_answers || die "slurmctld does not answer; see $state/slurmctld.log"
}

controller_answers() {
    scontrol ping | grep -q UP
}

node_name() {
    [[ ${1:-} =~ ^n?[123]$ ]] || die "a node is 1, 2 or 3, got '${1:-}'"
    echo "n${1#n}"
}

start_node() {
    local node
    node=$(node_name "$1")
    alive "slurmd.$node" || slurmd -N "$node" </dev/null >/dev/null 2>&1
    wait_for 20 node_usable "$node" || die "node $node does not come up; see $state/slurmd.$node.log"
}

node_usable() {
    sinfo -h -N -n "$1" -o %t | grep -qE '^(idle|mix|alloc|comp)$'
}

# --- processes of the cluster

# Step daemons rename themselves and leave their parent: the log file they hold open tells whose they are.
step_daemons_of() {
    local process
    while read -r process; do
        if find "$process/fd" -lname "$state/slurmd.$1.log" 2>/dev/null | grep -q .; then
            echo "${process#/proc/}"
        fi
    done < <(grep -lx slurmstepd /proc/[0-9]*/comm 2>/dev/null | xargs -r -n1 dirname)
}

# A job's processes carry the node's name in their environment.
job_processes_of() {
    grep -lzx "SLURMD_NODENAME=$1" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3 || true
}

kill_all() {
    local pid
    for pid in "$@"; do
        kill -9 "$pid" 2>/dev/null || true
    done
}

kill_node() {
    local node pids
    node=$(node_name "$1")
    ! alive "slurmd.$node" || kill_all "$(cat "$state/slurmd.$node.pid")"
    wait_for 5 dead "slurmd.$node" || die "slurmd.$node survives kill -9"
    # more than one look, for what was born during the one before
    for _ in 1 2 3; do
        mapfile -t pids < <(step_daemons_of "$node"; job_processes_of "$node")
        ((${#pids[@]})) || return 0
        kill_all "${pids[@]}"
    done
}

end_daemon() {
    alive "$1" || return 0
    kill "$(cat "$state/$1.pid")"
    wait_for 5 dead "$1" || kill_all "$(cat "$state/$1.pid")"
}

dead() {
    ! alive "$1"
}

orphans() {
    local daemon node
    for daemon in munged mariadbd slurmdbd slurmctld slurmd.n1 slurmd.n2 slurmd.n3; do
        ! alive "$daemon" || echo "$(cat "$state/$daemon.pid") $daemon"
    done
    for node in n1 n2 n3; do
        step_daemons_of "$node" | sed "s/$/ step daemon on $node/"
        job_processes_of "$node" | sed "s/$/ job process on $node/"
    done
}

# --- commands

start() {
    require_root
    install_packages
    refuse_a_foreign_configuration
    if alive slurmctld; then
        start_missing_nodes
        return
    fi
    stop
    rm -rf "$state"
    write_configuration
    start_munged
    start_database
    start_accounting
    start_controller
    start_missing_nodes
}

start_missing_nodes() {
    local node
    for node in "${nodes[@]}"; do
        alive "slurmd.n$node" || slurmd -N "n$node" </dev/null >/dev/null 2>&1
    done
    for node in "${nodes[@]}"; do
        start_node "$node"
    done
}

stop() {
    local node daemon
    require_root
    ! alive slurmctld || timeout 10 scancel --user "$(id -un)" >/dev/null 2>&1 || true
    for node in "${nodes[@]}"; do
        kill_node "$node"
    done
    for daemon in slurmctld slurmdbd mariadbd munged; do
        end_daemon "$daemon"
    done
    # a configuration without its cluster would cost every later snakemake command some ten seconds
    if grep -qs "^$mark" "$configuration/slurm.conf"; then
        rm -f "$configuration"/{slurm,gres,slurmdbd}.conf
    fi
}

# Not kill -9: a controller saves its state every few seconds, and without the last ones it starts running jobs twice,
# fails ("Duplicate jobid"), and holds them.
restart_controller() {
    require_root
    end_daemon slurmctld
    sleep "${1:-0}"
    start_controller
}

status() {
    local node
    controller_answers 2>/dev/null || die "no controller; run: $0 start"
    sinfo -N -o "%8N %10T %9P %6c %8m %10G"
    squeue -o "%8i %9P %40k %10T %10M %R"
    for node in "${nodes[@]}"; do
        node_usable "n$node" || die "node n$node is not usable; run: $0 start-node $node"
    done
}

case "${1:-}" in
    install) install_packages ;;
    start) start ;;
    stop) stop ;;
    status) status ;;
    kill-node) require_root && kill_node "${2:-}" ;;
    start-node) require_root && start_node "${2:-}" ;;
    restart-controller) restart_controller "${2:-}" ;;
    orphans) orphans ;;
    *)
        usage >&2
        exit 2
        ;;
esac
