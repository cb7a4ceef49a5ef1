import subprocess
import sys

from tests.following import rest_of

AT_ONCE = "import sys; sys.stdout.write('one\\ntwo\\n'); sys.stdout.flush(); sys.stderr.write(input())"


def test_a_line_that_came_with_an_earlier_one_is_not_lost() -> None:
    pipe = subprocess.PIPE
    running = subprocess.Popen([sys.executable, "-c", AT_ONCE], stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    with running:
        assert running.stdout is not None
        assert running.stdout.readline() == "one\n"
        assert rest_of(running, 30, "told\n") == ("two\n", "told")
    assert running.returncode == 0
