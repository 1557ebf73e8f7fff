"""Reading ahead: in order, each place once, errors where they belong."""

import threading

import pytest

from lib.data.read_ahead import read_ahead


@pytest.mark.parametrize("readers", [1, 2, 5])
def test_results_come_in_order_and_each_place_is_read_once(readers):
    asked = []
    assert list(read_ahead(lambda place: asked.append(place) or place * place, range(7), readers=readers)) == [
        place * place for place in range(7)
    ]
    assert sorted(asked) == list(range(7))
    assert list(read_ahead(abs, [], readers=readers)) == []


def test_what_comes_next_is_read_while_the_caller_works():
    second = threading.Event()
    results = read_ahead(lambda place: second.set() if place == 1 else place, [0, 1, 2])
    assert next(results) == 0 and second.wait(10)
    assert list(results) == [None, 2]


def test_an_error_reaches_the_caller_at_its_place():
    results = read_ahead(lambda place: 1 // place, [1, 0, 1])
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)
