#!/bin/bash
# A Slurm of one node for tests: munged, slurmctld and slurmd as this user (root), on the loopback interface only, with
# everything they write under one directory.
#
# usage: private-slurm.sh up DIRECTORY     prints the SLURM_CONF to export
#        private-slurm.sh down DIRECTORY
set -euo pipefail
command=${1:?up or down}
base=$(mkdir -p "${2:?a directory}" && cd "$2" && pwd)
export SLURM_CONF="$base/slurm.conf"

write_configuration() {
  local host cpus memory
  host=$(hostname -s)
  cpus=$(nproc)
  memory=$(($(awk '/MemTotal/ {print int($2 / 1024)}' /proc/meminfo) / 2))
  cat >"$SLURM_CONF" <<CONF
ClusterName=private
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=${SLURMCTLD_PORT:-26917}
SlurmdPort=${SLURMD_PORT:-26918}
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$base/munge.socket
StateSaveLocation=$base/state
SlurmdSpoolDir=$base/spool
SlurmctldPidFile=$base/slurmctld.pid
SlurmdPidFile=$base/slurmd.pid
SlurmctldLogFile=$base/slurmctld.log
SlurmdLogFile=$base/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_min_interval=100000,sched_interval=1,batch_sched_delay=0,bf_interval=1
MpiDefault=none
ReturnToService=2
MailProg=/bin/true
MaxArraySize=${MAX_ARRAY_SIZE:-1001}
KillWait=5
JobRequeue=0
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cpus RealMemory=$memory State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
}

fail() {
  echo "$1" >&2
  tail -n 5 "$base"/*.log >&2 || true
  exit 1
}

up() {
  chmod 755 "$base"
  mkdir -p "$base/state" "$base/spool"
  write_configuration
  (umask 077 && head -c 1024 /dev/urandom >"$base/munge.key")
  munged --socket="$base/munge.socket" --key-file="$base/munge.key" --pid-file="$base/munged.pid" \
    --seed-file="$base/munge.seed" --log-file="$base/munged.log" --num-threads=2
  slurmctld -i
  for _ in $(seq 100); do
    timeout 1 scontrol ping >/dev/null 2>&1 && break
    sleep 0.1
  done
  timeout 20 slurmd -N "$(hostname -s)" || fail "slurmd did not start"
  for _ in $(seq 150); do
    [ "$(timeout 2 sinfo -h -o %T 2>/dev/null)" = idle ] && echo "$SLURM_CONF" && return
    sleep 0.1
  done
  fail "the node is not idle after 15 s"
}

# By pid file, and only what still carries the daemon's name.
stop() {
  local pid
  pid=$(cat "$base/$1.pid" 2>/dev/null) || return 0
  [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$1" ] || return 0
  kill "$pid"
  for _ in $(seq 50); do
    [ -d "/proc/$pid" ] || return 0
    sleep 0.1
  done
  kill -9 "$pid"
}

down() {
  timeout 10 scancel --quiet --user=root 2>/dev/null || true
  for daemon in slurmd slurmctld munged; do stop "$daemon"; done
}

"$command"
