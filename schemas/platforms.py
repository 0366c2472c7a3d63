"""What the platforms tell of their members. What a platform does not report is unknown, not zero."""

#: Platforms that report who has read: a silent member there can be told from an absent one.
READS_REPORTED = ("wecom", "dingtalk", "feishu", "line")
