"""What each group of inputs moves."""


def test_a_group_of_inputs_that_moves_nothing_is_said_to_be_unused(found):
    moves = found["sensitivity"]
    assert moves["drift"]["used"]
    assert moves["drift"]["inverted"]["points"] > 0
    assert not moves["step leaders"]["used"]
