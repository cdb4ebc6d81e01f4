"""``massive-intent``: intents of users of a voice assistant, MASSIVE 1.0 in 51 languages (FitzGerald et al., 2023)."""

from typing import ClassVar

from harness.common.errors import unknown
from harness.tasks.text_task import TextTask

LOCALES = (
    "af-ZA am-ET ar-SA az-AZ bn-BD cy-GB da-DK de-DE el-GR en-US es-ES fa-IR fi-FI fr-FR he-IL hi-IN hu-HU hy-AM id-ID "
    "is-IS it-IT ja-JP jv-ID ka-GE km-KH kn-IN ko-KR lv-LV ml-IN mn-MN ms-MY my-MM nb-NO nl-NL pl-PL pt-PT ro-RO ru-RU "
    "sl-SL sq-AL sv-SE sw-KE ta-IN te-IN th-TH tl-PH tr-TR ur-PK vi-VN zh-CN zh-TW"
).split()
"""Names of the hub's configurations."""
CONFIGURATIONS = {locale if locale == "zh-TW" else locale.partition("-")[0]: locale for locale in LOCALES}
"""Configurations by the other tasks' language codes; ``zh`` is simplified Chinese."""


class MassiveIntent(TextTask):
    """One of 60 intents per utterance; accuracy.

    The training set has 11,514 utterances, the dev set 2,033 and the test set 2,974.
    """

    name: ClassVar[str] = "massive-intent"
    languages: ClassVar[tuple[str, ...]] = tuple(CONFIGURATIONS)
    labels: ClassVar[tuple[str, ...]] = tuple(
        "alarm_query alarm_remove alarm_set audio_volume_down audio_volume_mute audio_volume_other audio_volume_up "
        "calendar_query calendar_remove calendar_set cooking_query cooking_recipe datetime_convert datetime_query "
        "email_addcontact email_query email_querycontact email_sendemail general_greet general_joke general_quirky "
        "iot_cleaning iot_coffee iot_hue_lightchange iot_hue_lightdim iot_hue_lightoff iot_hue_lighton iot_hue_lightup "
        "iot_wemo_off iot_wemo_on lists_createoradd lists_query lists_remove music_dislikeness music_likeness "
        "music_query music_settings news_query play_audiobook play_game play_music play_podcasts play_radio "
        "qa_currency qa_definition qa_factoid qa_maths qa_stock recommendation_events recommendation_locations "
        "recommendation_movies social_post social_query takeaway_order takeaway_query transport_query transport_taxi "
        "transport_ticket transport_traffic weather_query".split()
    )
    hub: ClassVar[str] = "AmazonScience/massive"
    hub_columns: ClassVar[tuple[str, ...]] = ("utt", "intent")

    def configuration(self, language: str) -> str:
        if language not in CONFIGURATIONS:
            raise unknown(f"data: language of {self.hub}", language, CONFIGURATIONS)
        return CONFIGURATIONS[language]


TASK = MassiveIntent()
