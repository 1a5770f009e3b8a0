"""What is true in this world, and the fixed misconceptions of its weaker helpers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Language = Literal["en", "zh"]


@dataclass(frozen=True)
class Country:
    """A country, its capital, and the neighbour whose capital weak helpers name instead."""

    en: str
    capital_en: str
    zh: str
    capital_zh: str
    neighbour: str

    def name(self, language: Language) -> str:
        """Return the country's name in `language`."""
        return self.en if language == "en" else self.zh

    def capital(self, language: Language) -> str:
        """Return the capital's name in `language`."""
        return self.capital_en if language == "en" else self.capital_zh


@dataclass(frozen=True)
class Unit:
    """A conversion: one `big` is `factor` `small`; weak helpers believe `wrong_factor`."""

    big: str
    bigs: str
    small: str
    factor: int
    wrong_factor: int
    big_zh: str
    small_zh: str


@dataclass(frozen=True)
class Ware:
    """Something that the shop sells, and the number of the aisle where it stands."""

    en: str
    zh: str
    aisle: int

    def name(self, language: Language) -> str:
        """Return the ware's name in `language`."""
        return self.en if language == "en" else self.zh


COUNTRIES: Final[tuple[Country, ...]] = (
    Country("France", "Paris", "法国", "巴黎", "Spain"),
    Country("Spain", "Madrid", "西班牙", "马德里", "Portugal"),
    Country("Portugal", "Lisbon", "葡萄牙", "里斯本", "Spain"),
    Country("Italy", "Rome", "意大利", "罗马", "Greece"),
    Country("Greece", "Athens", "希腊", "雅典", "Italy"),
    Country("Germany", "Berlin", "德国", "柏林", "Poland"),
    Country("Poland", "Warsaw", "波兰", "华沙", "Germany"),
    Country("Austria", "Vienna", "奥地利", "维也纳", "Hungary"),
    Country("Hungary", "Budapest", "匈牙利", "布达佩斯", "Austria"),
    Country("Japan", "Tokyo", "日本", "东京", "China"),
    Country("China", "Beijing", "中国", "北京", "Japan"),
    Country("Norway", "Oslo", "挪威", "奥斯陆", "Sweden"),
    Country("Sweden", "Stockholm", "瑞典", "斯德哥尔摩", "Norway"),
    Country("Finland", "Helsinki", "芬兰", "赫尔辛基", "Sweden"),
    Country("Russia", "Moscow", "俄罗斯", "莫斯科", "Finland"),
    Country("Turkey", "Ankara", "土耳其", "安卡拉", "Greece"),
    Country("Peru", "Lima", "秘鲁", "利马", "Chile"),
    Country("Chile", "Santiago", "智利", "圣地亚哥", "Peru"),
    Country("Vietnam", "Hanoi", "越南", "河内", "Thailand"),
    Country("Thailand", "Bangkok", "泰国", "曼谷", "Vietnam"),
    Country("India", "Delhi", "印度", "德里", "Nepal"),
    Country("Nepal", "Kathmandu", "尼泊尔", "加德满都", "India"),
    Country("Australia", "Canberra", "澳大利亚", "堪培拉", "New Zealand"),
    Country("New Zealand", "Wellington", "新西兰", "惠灵顿", "Australia"),
)

UNITS: Final[tuple[Unit, ...]] = (
    Unit("day", "days", "hours", 24, 12, "天", "小时"),
    Unit("hour", "hours", "minutes", 60, 100, "小时", "分钟"),
    Unit("minute", "minutes", "seconds", 60, 100, "分钟", "秒"),
    Unit("week", "weeks", "days", 7, 5, "周", "天"),
    Unit("year", "years", "months", 12, 10, "年", "个月"),
    Unit("metre", "metres", "centimetres", 100, 10, "米", "厘米"),
    Unit("kilogram", "kilograms", "grams", 1000, 100, "千克", "克"),
    Unit("dozen", "dozen", "pieces", 12, 10, "打", "个"),
)

WARES: Final[tuple[Ware, ...]] = (
    Ware("tea", "茶", 1),
    Ware("rice", "米", 4),
    Ware("milk", "牛奶", 2),
    Ware("bread", "面包", 7),
    Ware("soap", "肥皂", 5),
    Ware("salt", "盐", 3),
    Ware("sugar", "糖", 8),
    Ware("eggs", "鸡蛋", 6),
    Ware("pens", "笔", 9),
    Ware("cups", "杯子", 1),
    Ware("hats", "帽子", 5),
    Ware("socks", "袜子", 3),
    Ware("apples", "苹果", 2),
    Ware("pears", "梨", 7),
    Ware("books", "书", 4),
    Ware("lamps", "灯", 8),
    Ware("plates", "盘子", 6),
    Ware("toys", "玩具", 9),
    Ware("bags", "袋子", 3),
    Ware("keys", "钥匙", 5),
)

NAMES: Final[dict[Language, tuple[str, ...]]] = {
    "en": (
        "Anna", "Ben", "Carla", "David", "Emma", "Frank",
        "Grace", "Henry", "Ivy", "Jack", "Kate", "Leo",
    ),
    "zh": (
        "小明", "小红", "小刚", "小丽", "王芳", "李伟",
        "张强", "刘洋", "陈静", "赵敏", "孙磊", "吴迪",
    ),
}  # fmt: skip

DAYS: Final[dict[Language, tuple[str, ...]]] = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "zh": ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日"),
}

OPENINGS: Final[dict[Language, tuple[str, ...]]] = {
    "en": ("Sure!", "Of course!", "Certainly!", "Happy to help!", "With pleasure!"),
    "zh": ("好的！", "当然可以！", "没问题！", "很高兴帮您！", "乐意效劳！"),
}

CLOSINGS: Final[dict[Language, tuple[str, ...]]] = {
    "en": ("Anything else?", "I hope that helps.", "Have a nice day!"),
    "zh": ("还需要别的吗？", "希望对您有帮助。", "祝您愉快！"),
}


def country(name_en: str) -> Country:
    """Return the country whose English name is `name_en`."""
    return next(c for c in COUNTRIES if c.en == name_en)


def sum_without_carry(a: int, b: int) -> int:
    """Add two numbers as somebody who forgets the carry: 17 + 5 gives 12."""
    total, place = 0, 1
    while a or b:
        total += (a % 10 + b % 10) % 10 * place
        a, b, place = a // 10, b // 10, place * 10
    return total
