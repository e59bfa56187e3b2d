/**
 * The program that stands where runc stands on a real node: it enters or makes namespaces, mounts, drops privileges and
 * execs. It only does what it is told, step by step; the steps are built in steps.ts, as argv, never through a shell.
 *
 * It is Perl because perl-base is part of every Debian and can call the kernel directly. util-linux alone cannot do it:
 * setpriv must run inside of the container's root to be the last before exec, and a distroless root has no setpriv.
 *
 * File descriptor 3 is the status pipe: `pid N` from the parent, `error STAGE\tERRNO\tTEXT` when a step fails, end of file
 * once the command runs. Descriptor 4, with a terminal, takes `COLUMNS ROWS` lines.
 */
export const enterScript = String.raw`
use strict;
my %nr = map { split /=/ } split /,/, shift @ARGV;
my ($master, $pts, %held);
$| = 1;
open(my $status, '>&=', 3);
fcntl($status, 2, 1) if defined $status;
%ENV = ();
umask 022;

sub fail {
  my ($stage, $text) = @_;
  my $errno = $! + 0;
  $text = "$!" unless defined $text;
  syswrite($status, "error $stage\t$errno\t$text\n") if defined $status;
  exit 128;
}
sub sys {
  my ($stage, $name, @args) = @_;
  my $result = syscall($nr{$name}, @args);
  fail($stage) if $result == -1;
  return $result;
}
sub put {
  my ($path, $text, $stage) = @_;
  open(my $file, '>', $path) or fail($stage);
  syswrite($file, $text);
  close($file) or fail($stage);
}
sub mounting {
  my ($source, $target, $type, $flags, $data) = @_;
  return syscall($nr{mount}, "$source", "$target", "$type", $flags + 0, "$data");
}
sub touch {
  my ($path) = @_;
  return if -e $path;
  open(my $file, '>>', $path) or fail("open $path");
}
sub parents {
  my ($path) = @_;
  my $so_far = '';
  for my $part (split m{/}, $path) {
    next if $part eq '';
    $so_far .= "/$part";
    mkdir $so_far;
  }
}

# The parent of the container's process: ends as it ends. With a terminal it also carries bytes and sizes.
sub relay {
  my ($pid) = @_;
  open(my $control, '<&=', 4);
  my ($in, $out, $typed, $shown, $alive) = (1, 1, '', '', 1);
  for my $handle (\*STDIN, \*STDOUT, $master, $control) {
    fcntl($handle, 4, fcntl($handle, 3, 0) | 2048) if defined $handle;
  }
  my $code = 0;
  while (1) {
    my ($reads, $writes) = ('', '');
    vec($reads, 0, 1) = 1 if $in && length($typed) < 65536;
    vec($reads, 4, 1) = 1 if defined $control;
    vec($reads, fileno($master), 1) = 1 if $alive && length($shown) < 65536;
    vec($writes, fileno($master), 1) = 1 if $alive && length($typed);
    vec($writes, 1, 1) = 1 if length($shown) && $out;
    last if !$alive && (!length($shown) || !$out);
    select($reads, $writes, undef, undef);
    if (vec($reads, 4, 1)) {
      my $got = sysread($control, my $lines, 4096);
      if ($got) {
        for my $line (split /\n/, $lines) {
          my ($columns, $rows) = split / /, $line;
          my $size = pack('S4', $rows, $columns, 0, 0);
          ioctl($master, 0x5414, $size);
        }
      } elsif (defined $got) { undef $control; }
    }
    if ($in && vec($reads, 0, 1)) {
      my $got = sysread(STDIN, $typed, 65536, length $typed);
      $in = 0 if defined $got && $got == 0;
    }
    if ($alive && vec($writes, fileno($master), 1)) {
      my $put = syswrite($master, $typed);
      substr($typed, 0, $put, '') if $put;
    }
    if ($alive && vec($reads, fileno($master), 1)) {
      my $got = sysread($master, $shown, 65536, length $shown);
      # EIO: every holder of the terminal has closed it.
      $alive = 0 if (defined $got && $got == 0) || (!defined $got && $! == 5);
    }
    if (length($shown) && $out && vec($writes, 1, 1)) {
      my $put = syswrite(STDOUT, $shown);
      if (defined $put) { substr($shown, 0, $put, ''); } elsif ($! == 32) { $out = 0; $shown = ''; }
    }
  }
}
sub follow {
  my ($pid) = @_;
  syswrite($status, "pid $pid\n") if defined $status;
  close($status) if defined $status;
  $SIG{$_} = 'IGNORE' for qw(HUP INT TERM PIPE);
  if (defined $master) { relay($pid); }
  close(STDIN); close(STDOUT); close(STDERR);
  waitpid($pid, 0);
  my $code = $? & 127 ? 128 + ($? & 127) : $? >> 8;
  exit $code;
}

sub capset {
  my ($effective, $inheritable) = @_;
  my $mask = 0xffffffff;
  my $header = pack('L l', 0x20080522, 0);
  my $data = pack('L6', $effective & $mask, $effective & $mask, $inheritable & $mask,
    $effective >> 32, $effective >> 32, $inheritable >> 32);
  sys('capset', 'capset', $header, $data);
}

my %steps = (
  # Opens a file for a later step, when it will be out of sight.
  hold => [2, sub { my ($name, $path) = @_;
    open($held{$name}, '<', $path) or fail("open $path"); }],
  setns => [2, sub { my ($path, $type) = @_;
    my $file = delete $held{$path};
    defined $file or open($file, '<', $path) or fail("open $path");
    sys("setns $path", 'setns', fileno($file), $type + 0); }],
  unshare => [1, sub { sys('unshare', 'unshare', $_[0] + 0); }],
  mount => [5, sub { mounting(@_) == -1 and fail("mount $_[1]"); }],
  trymount => [5, sub { mounting(@_); }],
  bind => [2, sub { my ($source, $target) = @_;
    -d $source ? parents($target) : do { (my $dir = $target) =~ s{/[^/]*$}{}; parents($dir); touch($target); };
    mounting($source, $target, '', 4096 | 16384, '') == -1 and fail("bind $target"); }],
  mkdir => [1, sub { parents($_[0]); }],
  symlink => [2, sub { symlink($_[0], $_[1]); }],
  unlink => [1, sub { unlink($_[0]); }],
  write => [2, sub { put($_[0], $_[1], "write $_[0]"); }],
  trywrite => [2, sub { if (open(my $file, '>', $_[0])) { syswrite($file, $_[1]); } }],
  pivot => [1, sub { my ($root) = @_;
    chdir($root) or fail("chdir $root");
    my ($new, $old) = ('.', '.');
    sys('pivot_root', 'pivot_root', $new, $old);
    my $dot = '.';
    sys('umount', 'umount2', $dot, 2);
    chdir('/'); }],
  hostname => [1, sub { my $name = $_[0]; sys('sethostname', 'sethostname', $name, length $name); }],
  # A directory that does not exist is made, as runc makes it.
  chdir => [1, sub { my ($dir) = @_;
    if (!-d $dir) {
      my $so_far = '';
      for my $part (grep { $_ ne '' } split m{/}, $dir) {
        $so_far .= "/$part";
        -d $so_far or mkdir $so_far or fail("mkdir $dir");
      }
    }
    chdir($dir) or fail("chdir $dir"); }],
  env => [2, sub { $ENV{$_[0]} = $_[1]; }],
  terminal => [2, sub { my ($root, $owner) = @_;
    open($master, '+<', "$root/dev/pts/ptmx") or fail('open /dev/pts/ptmx');
    my ($locked, $number) = (pack('I', 0)) x 2;
    ioctl($master, 0x40045431, $locked) or fail('unlock terminal');
    ioctl($master, 0x80045430, $number) or fail('terminal number');
    $pts = "$root/dev/pts/" . unpack('I', $number);
    chown($owner, -1, $pts) if $owner >= 0; }],
  fork => [0, sub {
    my $pid = fork();
    defined $pid or fail('fork');
    follow($pid) if $pid;
    syscall($nr{setsid});
    if (defined $master) {
      open(my $control, '<&=', 4);
      close($control);
      open(my $slave, '+<', $pts) or fail("open $pts");
      ioctl($slave, 0x540e, 0);
      open(STDIN, '+<&', $slave); open(STDOUT, '+>&', $slave); open(STDERR, '+>&', $slave);
      close($master);
    }
  }],
  nonewprivs => [0, sub { sys('no_new_privs', 'prctl', 38, 1, 0, 0, 0); }],
  # Everything outside of the set is out of reach for good.
  bounding => [1, sub { my $set = hex $_[0];
    for my $cap (0 .. 63) {
      last if syscall($nr{prctl}, 23, $cap, 0, 0, 0) == -1;
      next if ($set >> $cap) & 1;
      sys('capbset', 'prctl', 24, $cap, 0, 0, 0);
    } }],
  groups => [1, sub { my @ids = split /,/, $_[0];
    my $list = pack('I*', @ids);
    sys('setgroups', 'setgroups', scalar @ids, $list); }],
  ids => [2, sub { my ($uid, $gid) = map { $_ + 0 } @_;
    sys('setgid', 'setresgid', $gid, $gid, $gid);
    sys('setuid', 'setresuid', $uid, $uid, $uid); }],
  caps => [1, sub { my $set = hex $_[0]; capset($set, 0); }],
  # For a user namespace that knows one user only: a user other than 0 keeps capabilities over exec when they are ambient.
  ambient => [1, sub { my $set = hex $_[0];
    capset($set, $set);
    for my $cap (0 .. 63) {
      next unless ($set >> $cap) & 1;
      sys('ambient', 'prctl', 47, 2, $cap, 0, 0);
    } }],
  idmap => [4, sub { my ($uid, $outer_uid, $gid, $outer_gid) = @_;
    put('/proc/self/setgroups', 'deny', 'setgroups');
    put('/proc/self/gid_map', "$gid $outer_gid 1", 'gid_map');
    put('/proc/self/uid_map', "$uid $outer_uid 1", 'uid_map'); }],
  ready => [0, sub { syswrite($status, "ready\n"); }],
  # What /pause does: keeps the namespaces, takes in orphans.
  pause => [0, sub {
    $0 = '/pause';
    close($status); close(STDIN); close(STDOUT); close(STDERR);
    $SIG{CHLD} = 'IGNORE';
    $SIG{TERM} = sub { exit 0 };
    sleep 1000000 while 1; }],
  # Joins the standard streams with a port of this network namespace.
  dial => [1, sub { my ($port) = @_;
    require Socket;
    my $socket;
    for my $address ([2, Socket::pack_sockaddr_in($port, Socket::inet_aton('127.0.0.1'))],
        [10, Socket::pack_sockaddr_in6($port, Socket::inet_pton(10, '::1'))]) {
      socket($socket, $address->[0], 1, 0) or next;
      last if connect($socket, $address->[1]);
      undef $socket;
    }
    defined $socket or fail("dial $port");
    close($status);
    my ($in, $out, $typed, $shown) = (1, 1, '', '');
    fcntl($_, 4, fcntl($_, 3, 0) | 2048) for \*STDIN, \*STDOUT, $socket;
    while ($in || $out || length($typed) || length($shown)) {
      my ($reads, $writes) = ('', '');
      vec($reads, 0, 1) = 1 if $in && length($typed) < 65536;
      vec($reads, fileno($socket), 1) = 1 if $out && length($shown) < 65536;
      vec($writes, fileno($socket), 1) = 1 if length $typed;
      vec($writes, 1, 1) = 1 if length $shown;
      last if !$out && !length($shown);
      select($reads, $writes, undef, undef);
      if ($in && vec($reads, 0, 1)) {
        my $got = sysread(STDIN, $typed, 65536, length $typed);
        $in = 0 if defined $got && $got == 0;
      }
      if ($out && vec($reads, fileno($socket), 1)) {
        my $got = sysread($socket, $shown, 65536, length $shown);
        $out = 0 if (defined $got && $got == 0) || (!defined $got && $! != 11);
      }
      if (length $typed && vec($writes, fileno($socket), 1)) {
        my $put = syswrite($socket, $typed);
        if (defined $put) { substr($typed, 0, $put, ''); } elsif ($! != 11) { $typed = ''; $in = 0; }
        shutdown($socket, 1) if !$in && !length $typed;
      } elsif (!$in && !length $typed) { shutdown($socket, 1); }
      if (length $shown && vec($writes, 1, 1)) {
        my $put = syswrite(STDOUT, $shown);
        if (defined $put) { substr($shown, 0, $put, ''); } elsif ($! != 11) { last; }
      }
    }
    exit 0; }],
  exec => [-1, sub { my @argv = @_;
    fail('args') unless @argv;
    my $path = $argv[0];
    if ($path =~ m{/}) {
      fail('stat') unless -e $path;
      fail('directory') if -d $path;
      fail('permission') unless -x $path;
    } else {
      my ($found) = grep { -f $_ && -x $_ } map { "$_/$path" } split /:/, $ENV{PATH} // '';
      fail('lookup') unless defined $found && $path ne '';
      $path = $found;
    }
    { no warnings; exec { $path } @argv; }
    fail('exec'); }],
);
while (@ARGV) {
  my $name = shift @ARGV;
  my $step = $steps{$name} or fail("step $name", 'unknown');
  my $arity = $step->[0] < 0 ? scalar @ARGV : $step->[0];
  $step->[1]->(splice(@ARGV, 0, $arity));
}
`;
