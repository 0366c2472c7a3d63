"""What the platforms report about their members. What a platform does not report is unknown, not zero."""

#: Platforms that report who has read: there, a silent reader can be told from an absent member.
READS_REPORTED = ("wecom", "dingtalk", "feishu", "line")
