"""Byte-pair merges against open_clip's own tokenizer."""

import gzip

from open_clip.tokenizer import SimpleTokenizer

from lib.synthetic import vocabulary


def test_merges_make_every_word_one_token_and_open_clip_reads_them(tmp_path):
    texts = ["a red star", "the red tree", "stars"]
    merges = vocabulary.learn_merges(texts)
    path = tmp_path / "merges.txt.gz"
    vocabulary.write_merges(path, merges)
    assert gzip.decompress(path.read_bytes()).decode().split("\n")[1:] == [" ".join(pair) for pair in merges]
    tokenizer = SimpleTokenizer(bpe_path=str(path), context_length=6)
    assert tokenizer.vocab_size == vocabulary.vocabulary_size(merges)
    assert [len(tokenizer.encode(text)) for text in texts] == [3, 3, 1]
    assert tokenizer.decode(tokenizer.encode("the red star")) == "the red star "
