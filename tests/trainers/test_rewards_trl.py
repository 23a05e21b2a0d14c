"""TRL's GRPOTrainer with rewards of a reward server: two steps of a tiny model, whose answers are replaced by planted ones."""

import pytest

trl = pytest.importorskip("trl")

import torch  # noqa: E402
from datasets import Dataset  # noqa: E402
from tokenizers import Tokenizer, models, pre_tokenizers  # noqa: E402
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast  # noqa: E402

from tests.trainers.rewarded import GROUP, check, rewarded  # noqa: E402
from training.rewards.adapters.trl import ladder_reward  # noqa: E402

pytestmark = pytest.mark.slow
LETTERS = ("<pad>", "<eos>", "<unk>", *"abcdefghijklmnopqrstuvwxyz")


def tokenizer():
    made = Tokenizer(models.WordLevel({word: n for n, word in enumerate(LETTERS)}, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    return PreTrainedTokenizerFast(tokenizer_object=made, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>")


def test_grpo_takes_the_rewards_and_logs_the_images(tmp_path):
    torch.manual_seed(0)
    seen = []
    with rewarded(tmp_path) as (answers, rows):

        def planted_reward(prompts, completions, **more):
            # all but the answers is as TRL hands it over
            seen.append(ladder_reward(prompts=prompts, completions=answers, **more))
            return seen[-1]

        config = LlamaConfig(
            vocab_size=32, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2
        )
        arguments = trl.GRPOConfig(
            output_dir=str(tmp_path / "out"),
            max_steps=2,
            num_generations=GROUP,
            per_device_train_batch_size=GROUP,
            max_completion_length=4,
            logging_steps=1,
            report_to=[],
            use_cpu=True,
            save_strategy="no",
            bf16=False,
        )
        trainer = trl.GRPOTrainer(
            model=LlamaForCausalLM(config),
            # as it is, too: a model that draws nothing gets nothing
            reward_funcs=[planted_reward, ladder_reward],
            args=arguments,
            train_dataset=Dataset.from_list([{**row, "prompt": "draw"} for row in rows]),
            processing_class=tokenizer(),
        )
        trainer.train()
    assert len(seen) == 2
    for rewards in seen:
        check(rewards)
    logged = [entry for entry in trainer.state.log_history if "ladder/images" in entry]
    assert len(logged) == 2
    assert all(entry["rewards/ladder_reward/mean"] == 0 for entry in logged)
    assert all(entry["rewards/planted_reward/mean"] > 0.4 for entry in logged)
