"""What may be wrong with a request to the reward server, and with a group.

In: nothing. Out: `RewardProblem` with status and code of the answer; whoever serves puts it into the form of its API.
"""


class RewardProblem(Exception):
    """A request that cannot be answered: HTTP status, message, code, and the field at fault."""

    def __init__(self, status: int, message: str, code: str, param: str | None = None) -> None:
        super().__init__(status, message, code, param)
        self.status, self.message, self.code, self.param = status, message, code, param

    def __str__(self) -> str:
        return self.message


class GroupIncomplete(RewardProblem):
    """Nobody brought the missing rollouts of a group in time: nobody of it gets a reward."""

    def __init__(self, group: str, there: int, size: int, wait_s: float) -> None:
        text = (
            f"group {group}: {there} of {size} rollouts came, and no further one for {wait_s:g} s, so nobody of it has a reward; "
            "send all of them again, with the group_size that they really have"
        )
        super().__init__(408, text, "group_incomplete", "group_size")


class GroupConflict(RewardProblem):
    """A rollout contradicts what was sent before."""

    def __init__(self, message: str, param: str) -> None:
        super().__init__(409, message, "group_conflict", param)
