"""The invented city of the demonstration: names, and the files that are made from them.

``python -m replay.demo_city`` writes ``config/demo`` anew: areas, river, units, sensors, people. What it
writes depends on nothing but this file; a test compares. Everything else there is written by hand.
"""

import json
from pathlib import Path
from typing import Any, Final

import numpy as np

from replay import town_map

SEED: Final = 3
RADIUS_M: Final = 5200.0
ORIGIN: Final = (118.42, 31.04)  # longitude, latitude of the middle: a place without a city of this name
CITY: Final = ("luoyin", "Luoyin City", "洛音市")
DISTRICTS: Final = (
    ("shangyuan", "Shangyuan District", "上沅区"),
    ("xiatan", "Xiatan District", "下滩区"),
    ("dongling", "Dongling District", "东棱区"),
)
STREETS: Final = (
    (("guqiao", "Guqiao", "古桥"), ("yaolou", "Yaolou", "钥楼"), ("baiwei", "Baiwei", "白苇"),
     ("shuicen", "Shuicen", "水岑")),
    (("chuanwu", "Chuanwu", "船坞"), ("yuji", "Yuji", "鱼集"), ("hongshi", "Hongshi", "红石"),
     ("nanzha", "Nanzha", "南闸")),
    (("zhongshu", "Zhongshu", "钟墅"), ("lixi", "Lixi", "栗溪"), ("taoyao", "Taoyao", "陶窑"),
     ("xingpo", "Xingpo", "杏坡")),
)  # fmt: skip
AREAS: Final = (
    "Liuan 柳岸", "Hehua 荷花", "Yulan 玉兰", "Songtao 松涛", "Zhuxi 竹溪", "Meiling 梅岭", "Taohua 桃花",
    "Guixiang 桂香", "Yunqi 云栖", "Xuelang 雪浪", "Yueya 月牙", "Xingguang 星光", "Chaoyang 朝阳",
    "Wanxia 晚霞", "Qingfeng 清风", "Xiyu 细雨", "Longquan 龙泉", "Fengming 凤鸣", "Hexiang 鹤翔",
    "Yanhui 雁回", "Luyuan 鹿园", "Matang 马塘", "Niudu 牛渡", "Yangjiao 羊角", "Nanmen 南门", "Beiguan 北关",
    "Dongyuan 东园", "Xicheng 西城", "Tieqiao 铁桥", "Shijing 石井", "Mupai 木牌", "Zhuanwa 砖瓦",
    "Yanchang 盐场", "Liangcang 粮仓", "Chaye 茶叶", "Sichou 丝绸", "Boli 玻璃", "Fangzhi 纺织",
    "Gangtie 钢铁", "Dianchang 电厂", "Chezhan 车站", "Gangkou 港口", "Dengta 灯塔", "Zhonglou 钟楼",
    "Gulou 鼓楼", "Xuefu 学府", "Tiyu 体育", "Huayuan 花园",
)  # fmt: skip
DEPARTMENTS: Final = (
    ("gas", "Gas company", "燃气公司"),
    ("fire", "Fire service", "消防救援"),
    ("water", "Water company", "水务公司"),
    ("power", "Power grid", "供电公司"),
    ("labour", "Labour inspection", "劳动监察"),
    ("transport", "Transport police", "交通管理"),
)
GAS_SENSORS: Final = 24
WATER_SENSORS: Final = 12
SURNAMES: Final = (
    "Wang 王", "Li 李", "Zhang 张", "Liu 刘", "Chen 陈", "Yang 杨", "Zhao 赵", "Huang 黄", "Zhou 周",
    "Wu 吴", "Xu 徐", "Sun 孙", "Hu 胡", "Zhu 朱", "Gao 高", "Lin 林", "He 何", "Guo 郭",
    "Ma 马", "Luo 罗", "Liang 梁", "Song 宋", "Zheng 郑", "Xie 谢", "Han 韩", "Tang 唐", "Feng 冯",
    "Yu 于", "Dong 董", "Xiao 萧", "Cheng 程", "Cao 曹", "Yuan 袁", "Deng 邓", "Fu 傅", "Shen 沈",
    "Zeng 曾", "Peng 彭", "Lü 吕", "Su 苏", "Lu 卢", "Jiang 蒋", "Cai 蔡", "Jia 贾", "Ding 丁",
    "Wei 魏", "Xue 薛", "Ye 叶", "Yan 阎", "Pan 潘",
)  # fmt: skip


class Layout:
    """The map in metres: ``cells[i]`` is area i, ``street_of[i]`` its street's number, ``river`` a line."""

    def __init__(self) -> None:
        rng = np.random.default_rng(SEED)
        border = town_map.outline(rng, RADIUS_M)
        seeds = town_map.scatter(rng, border, len(AREAS))
        cells = town_map.voronoi(seeds, border)
        grouped = [g for streets in town_map.groups(seeds, 3, 4, rng) for g in streets]
        self.cells = town_map.roughen(cells, rng)
        self.street_of = np.empty(len(AREAS), int)
        for number, members in enumerate(grouped):
            self.street_of[members] = number
        self.river = town_map.river(rng, border)
        self.to_river = np.array([_distance(town_map.ring_middle(cell), self.river) for cell in cells])


def _distance(point: np.ndarray, line: np.ndarray) -> float:
    return float(np.hypot(*(line - point).T).min())


def streets() -> list[tuple[str, str, str, str]]:
    """Id, English and Chinese name, and district of each street, in the order of ``Layout.street_of``."""
    return [
        (unit, f"{name} Street", f"{name_zh}街道", district[0])
        for district, members in zip(DISTRICTS, STREETS, strict=True)
        for unit, name, name_zh in members
    ]


def area_names() -> list[tuple[str, str, str]]:
    """Id, English and Chinese name of each area."""
    split = [name.split() for name in AREAS]
    return [(name.lower(), name, f"{name_zh}社区") for name, name_zh in split]


def areas_geojson(layout: Layout) -> dict[str, Any]:
    """The areas as GeoJSON, sorted by id."""
    of_street = [street[0] for street in streets()]
    features = [
        town_map.feature(
            "Polygon",
            [town_map.degrees(np.vstack((cell, cell[:1])), ORIGIN)],
            id=area,
            name=name,
            name_zh=name_zh,
            street=of_street[layout.street_of[i]],
        )
        for i, ((area, name, name_zh), cell) in enumerate(zip(area_names(), layout.cells, strict=True))
    ]
    features.sort(key=lambda feature: str(feature["properties"]["id"]))
    return {"type": "FeatureCollection", "features": features}


def river_geojson(layout: Layout) -> dict[str, Any]:
    """The river as GeoJSON."""
    line = town_map.degrees(layout.river, ORIGIN)
    named = town_map.feature("LineString", line, id="yinhe", name="Yin River", name_zh="音河")
    return {"type": "FeatureCollection", "features": [named]}


def areas_toml() -> str:
    """``areas.toml``: where the areas are, and the city, its districts, their streets."""
    tables = [_unit(*CITY, "city", "")]
    tables += [_unit(*district, "district", CITY[0]) for district in DISTRICTS]
    tables += [_unit(unit, name, name_zh, "street", district) for unit, name, name_zh, district in streets()]
    head = "# The smallest places counted, and who governs them: streets in districts in the city."
    return f'{head}\n\nfile = "areas.geojson"\n\n' + "\n".join(tables)


def _unit(unit: str, name: str, name_zh: str, tier: str, parent: str) -> str:
    lines = ["[[unit]]", f'id = "{unit}"', f'names = {{ en = "{name}", zh-CN = "{name_zh}" }}']
    lines += [f'tier = "{tier}"'] + ([f'parent = "{parent}"'] if parent else [])
    return "\n".join(lines) + "\n"


def sensors_toml(layout: Layout) -> str:
    """``sensors.toml``: gas detectors spread over the city, water gauges along the river."""
    names = area_names()
    gas = np.linspace(0, len(names) - 1, GAS_SENSORS).round().astype(int)
    wet = np.sort(np.argsort(layout.to_river, kind="stable")[:WATER_SENSORS])
    tables = [_sensor(f"gas-{names[i][0]}", "gas", names[i][0], "gas_smell", "%LEL", 20.0) for i in gas]
    tables += [_sensor(f"water-{names[i][0]}", "water", names[i][0], "flooding", "m", 6.0) for i in wet]
    return "# Devices: a reading at its high limit takes the fast path.\n\n" + "\n".join(tables)


def _sensor(name: str, feed: str, area: str, category: str, unit: str, high: float) -> str:
    kind = {"gas": "gas", "water": "water_level"}[feed]
    return (
        f'[[sensor]]\nid = "{name}"\nfeed = "{feed}"\nkind = "{kind}"\narea = "{area}"\n'
        f'category = "{category}"\nunit = "{unit}"\nhigh = {high}\n'
    )


def people() -> list[tuple[str, str, str, str, str]]:
    """Actor id, English and Chinese name, role and unit of everybody on duty.

    A street has an operator and an officer, a district also a duty chief, the city two chiefs.
    """
    roles = {"city": ("operator", "officer", "chief", "chief"), "district": ("operator", "officer", "chief")}
    posts = [(CITY[0], role) for role in roles["city"]]
    posts += [(unit, role) for unit, _, _ in DISTRICTS for role in roles["district"]]
    posts += [(unit, role) for unit, *_ in streets() for role in ("operator", "officer")]
    named = [tuple(name.split()) for name in SURNAMES]
    return [
        (f"{name.lower().replace('ü', 'v')}", name, name_zh, role, unit)
        for (name, name_zh), (unit, role) in zip(named, posts, strict=False)
    ]


def people_toml() -> str:
    """``people.toml``: who may act for which unit, and who comes when whistled for."""
    tables = [
        f'[[person]]\nid = "{actor}"\nnames = {{ en = "{name}", zh-CN = "{name_zh}" }}\n'
        f'role = "{role}"\nunit = "{unit}"\n'
        for actor, name, name_zh, role, unit in people()
    ]
    tables += [
        f'[[department]]\nid = "{department}"\nnames = {{ en = "{name}", zh-CN = "{name_zh}" }}\n'
        for department, name, name_zh in DEPARTMENTS
    ]
    return "# Who is on duty; a role in a unit holds in the units below it too.\n\n" + "\n".join(tables)


def files() -> dict[str, str]:
    """Every made file of the demonstration city, by name."""
    layout = Layout()

    def text(collection: dict[str, Any]) -> str:
        features = ",\n".join(
            json.dumps(feature, ensure_ascii=False, separators=(",", ":"))
            for feature in collection["features"]
        )
        return f'{{"type":"FeatureCollection","features":[\n{features}\n]}}\n'

    return {
        "areas.geojson": text(areas_geojson(layout)),
        "river.geojson": text(river_geojson(layout)),
        "areas.toml": areas_toml(),
        "sensors.toml": sensors_toml(layout),
        "people.toml": people_toml(),
    }


def write(directory: Path) -> None:
    """Write the made files of the demonstration city into ``directory``."""
    for name, content in files().items():
        (directory / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    write(Path("config/demo"))
