"""The fictional web: sites with feeds and articles that nginx serves on loopback, and what gets
published on them while the demo runs. No site and no person in it exists."""
import email.utils
import html
import os
import time

from servers import LOOKALIKE, NEWS_HOST, PORTAL_HOST

FORUM = "diendan-xuquang.example"
VILLAGE = "xomnui.example"
QUICK_NEWS = "tinnhanh-mientrung.example"
MARKET = "chocu-online.example"
COPIES = "ban-sao-tin.example"
OFFICIAL = "phongthudansu.ioc.example"

SITES = {  # host: (name, trust tier)
    NEWS_HOST: ("Báo Mai", 2),
    FORUM: ("Diễn đàn Xứ Quảng", 4),
    VILLAGE: ("Xóm Núi", 4),
    QUICK_NEWS: ("Tin nhanh miền Trung", 4),
    MARKET: ("Chợ cũ online", 4),
    COPIES: ("Bản sao tin", 5),
    OFFICIAL: ("Ban Chỉ huy Phòng thủ dân sự", 1),
}

ORDINARY = (
    (NEWS_HOST, "le-hoi-den-long", "Phố cổ chuẩn bị lễ hội đèn lồng",
     "Các hộ dân trong khu phố cổ đang treo đèn và dọn vỉa hè cho lễ hội đèn lồng cuối tuần. Ban tổ chức cho biết "
     "chương trình có biểu diễn bài chòi, đua thuyền và phiên chợ hoa. Đường ven sông cấm xe máy từ 17 giờ."),
    (NEWS_HOST, "vu-lua-dong-xuan", "Nông dân xuống giống vụ đông xuân",
     "Nông dân nhiều xã đồng bằng bắt đầu xuống giống vụ đông xuân. Giống lúa ngắn ngày chiếm phần lớn diện tích, "
     "kênh thủy lợi đã được nạo vét và máy cày hoạt động cả buổi tối."),
    (NEWS_HOST, "giai-chay-hoc-sinh", "Hơn một nghìn học sinh dự giải việt dã",
     "Giải việt dã học sinh diễn ra sáng nay trên đường ven biển với hơn một nghìn em tham gia. Ban tổ chức bố trí "
     "trạm nước và đội y tế dọc đường chạy."),
    (FORUM, "quan-mi-quang", "Hỏi quán mì Quảng ngon gần chợ",
     "Cuối tuần này nhà mình ghé chơi, ai biết quán mì Quảng nào ngon gần chợ thì chỉ giúp với, ưu tiên quán có chỗ "
     "đậu xe và mở cửa buổi sáng."),
    (OFFICIAL, "lich-truc-tuan", "Lịch trực tuần của Ban Chỉ huy",
     "Ban Chỉ huy Phòng thủ dân sự thông báo lịch trực trong tuần. Số điện thoại đường dây nóng đăng ở trang liên hệ."),
)

PORTAL_PAGE = """<!doctype html>
<html lang="vi"><head><meta charset="utf-8"><title>Cổng thông tin điện tử</title></head>
<body><h1>Cổng thông tin điện tử</h1>
<nav><a href="/gioi-thieu.html">Giới thiệu</a> <a href="/thu-tuc.html">Thủ tục hành chính</a></nav>
<main><p>Chào mừng bạn đến với Cổng thông tin điện tử. Tại đây có văn bản mới, lịch tiếp công dân và hướng dẫn nộp
hồ sơ trực tuyến.</p><p>Bộ phận một cửa làm việc từ 7 giờ 30 đến 17 giờ các ngày trong tuần.</p></main>
{injected}</body></html>
"""
GAMBLING = """<div style="position:absolute;left:-9999px">
<a href="http://keo-bong-888.example/">nhà cái uy tín</a> <a href="http://keo-bong-888.example/tai-xiu">tài xỉu</a>
<a href="http://no-hu-vip.example/">nổ hũ đổi thưởng</a> soi cầu lô đề, tỷ lệ kèo nhà cái, link vào không bị chặn</div>
"""

RUMOURS = (
    (VILLAGE, "khan-doc-ngay", "KHẨN: bà con hạ du Sông Tranh 2 đọc ngay",
     "Bà con ở Trà My, Tiên Phước đọc tin này ngay. Nghe nói thân đập thủy điện Sông Tranh 2 vừa bị vỡ một đoạn lúc "
     "chập tối, nước đang tràn về hạ du rất nhanh. Người làm gần nhà máy báo ra như vậy, chưa biết chính xác ra sao. "
     "Ai ở ven sông thì gom đồ, dắt người già, trẻ nhỏ lên chỗ cao. Mọi người chia sẻ gấp để bà con mình biết."),
    (QUICK_NEWS, "ro-tin-vo-dap-song-tranh-2", "Rộ tin vỡ đập thủy điện Sông Tranh 2, nhiều người chạy lên núi",
     "Tối nay trên mạng lan truyền tin vỡ đập thủy điện Sông Tranh 2 khiến nhiều gia đình ở Bắc Trà My thu dọn đồ đạc "
     "chạy lên chỗ cao. Theo nguồn tin riêng của chúng tôi, nước ở hạ lưu đã dâng nhanh trong một giờ qua. Đây là tin "
     "nóng chưa kiểm chứng, chúng tôi sẽ cập nhật thêm. Bạn đọc ở gần khu vực đập xin gửi hình ảnh về tòa soạn."),
    (MARKET, "vo-dap-roi", "vo dap roi ba con oi",
     "troi oi vo dap roi ba con oi, dap song tranh 2 vo hoi toi nay, nuoc dang do ve tien phuoc voi hiep duc. nha o "
     "ven song thi chay len doi di dung tiec do dac nua. minh moi nghe noi thoi chu chua thay thong bao chi het. ai "
     "co ghe thi chuan bi di. share gap giup minh voi"),
)
COPY = (COPIES, "khan-doc-ngay-copy", *RUMOURS[0][2:])
DENIAL = (
    OFFICIAL, "bac-bo-tin-vo-dap", "Bác bỏ tin đồn vỡ đập thủy điện Sông Tranh 2",
    "Ban Chỉ huy Phòng thủ dân sự bác bỏ thông tin vỡ đập thủy điện Sông Tranh 2 đang lan truyền tối nay. Cơ quan "
    "chức năng khẳng định không có chuyện vỡ đập, công trình vận hành bình thường, mực nước hồ thấp hơn mức cho phép. "
    "Đây là thông tin sai sự thật; người dân không nên hoang mang và chỉ theo dõi thông báo chính thức.")
PHISHING_POST = (
    FORUM, "dinh-danh-tai-nha", "Nhận làm định danh mức 2 tại nhà, khỏi xếp hàng",
    "Bà con bận việc không ra phường được thì vào trang dưới đây điền thông tin, có người duyệt hồ sơ trong ngày.",
    f"http://{LOOKALIKE}/dang-ky")
RESCUE_POST = (
    FORUM, "can-ghe-gap", "Cần cứu hộ gấp: nhà 6 người mắc kẹt trên mái ở Trà Leng",
    "Nhà bà con mình ở Trà Leng có 6 người mắc kẹt trên mái, nước còn lên, trong nhà có người già. Cần ca nô hoặc ghe "
    "vào ngay phía sau trường học. Ai ở gần hoặc biết đội cứu hộ nào thì báo giúp.")


class Pages:
    """Folders that nginx serves: one per host, with an index page, a feed and the articles."""

    def __init__(self, root, port):
        self.root, self.port = root, port
        self.items = {host: [] for host in SITES}
        for host in SITES:
            (root / host).mkdir(parents=True)
            write(root / host / "robots.txt", "User-agent: *\nAllow: /\n")
        for item in ORDINARY:
            self.publish(*item)
        for host in SITES:
            self.write_lists(host)

    def publish(self, host, slug, title, text, link=None):
        more = f'<p><a href="{html.escape(link)}">Vào trang đăng ký</a></p>' if link else ""
        body = "".join(f"<p>{html.escape(part)}.</p>" for part in text.rstrip(".").split(". "))
        write(self.root / host / f"{slug}.html",
              f'<!doctype html><html lang="vi"><head><meta charset="utf-8"><title>{html.escape(title)}</title></head>'
              f"<body><header>{html.escape(SITES[host][0])}</header><article><h1>{html.escape(title)}</h1>{body}{more}"
              f"</article></body></html>\n")
        self.items[host].insert(0, (slug, title, text, time.time()))
        self.write_lists(host)

    def publish_ordinary(self, number):
        """One more item of no interest."""
        _, _, title, text = ORDINARY[number % 3]
        self.publish(NEWS_HOST, f"ban-tin-{number}", f"{title} (bản tin {number})", text)

    def write_lists(self, host):
        """The feed and the front page, newest first."""
        name = html.escape(SITES[host][0])
        entries, links = [], []
        for slug, title, text, at in self.items[host]:
            address = f"http://{host}:{self.port}/{slug}.html"
            entries.append(f"<item><title>{html.escape(title)}</title><link>{address}</link><guid>{address}</guid>"
                           f"<description>{html.escape(text[:120])}</description>"
                           f"<pubDate>{email.utils.formatdate(at)}</pubDate></item>")
            links.append(f'<li><a href="/{slug}.html">{html.escape(title)}</a></li>')
        write(self.root / host / "rss.xml",
              f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>{name}</title>'
              f"<link>http://{host}:{self.port}/</link><description>{name}</description>{''.join(entries)}"
              "</channel></rss>\n")
        write(self.root / host / "index.html",
              f'<!doctype html><html lang="vi"><head><meta charset="utf-8"><title>{name}</title></head>'
              f"<body><h1>{name}</h1><ul>{''.join(links)}</ul></body></html>\n")

    def nginx_servers(self, portal_root):
        """The server blocks of these sites and of the portal's public side."""
        blocks = [f"server {{ listen 127.0.0.1:{self.port}; server_name {host}; root {self.root / host}; }}"
                  for host in SITES]
        blocks.append(f"server {{ listen 127.0.0.1:{self.port}; server_name {PORTAL_HOST}; root {portal_root}; }}")
        return "\n".join(blocks)


def write_portal(folder):
    """The portal as it should be, and beside it the page the attacker will upload."""
    (folder / "portal").mkdir(exist_ok=True)
    write(folder / "portal/index.html", PORTAL_PAGE.format(injected=""))
    write(folder / "portal/robots.txt", "User-agent: *\nAllow: /\n")
    write(folder / "injected.html", PORTAL_PAGE.format(injected=GAMBLING))


def write(path, text):
    """A reader sees the old or the new file whole."""
    draft = path.with_suffix(path.suffix + ".new")
    draft.write_text(text)
    os.replace(draft, path)
