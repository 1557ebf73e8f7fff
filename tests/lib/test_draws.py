"""Numbers for texts: known ones, as the CRC-32 of their UTF-8."""

from lib.draws import number_of


def test_numbers_are_those_of_crc_32():
    assert number_of("123456789") == 0xCBF43926 and number_of("") == 0  # its published check value


def test_texts_differ():
    assert len({number_of(text) for text in ("DTD", "dtd", "SVHN", "ä")}) == 4
