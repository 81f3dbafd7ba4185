"""What devices write into their logs, or tell in SNMP notifications, as `Notice` records.

forms        how a message is recognised: a pattern and what it is called
cisco, foundry, juniper, hosts, others
             the messages of one vendor each, as data
messages     the text of one message -> Notice
syslog       frames and header of a log line (RFC 3164, 5424, 6587, and what Cisco makes of them)
traps        the objects of one SNMP notification -> Notice
notifications
             SNMP v1, v2c and v3 notifications and informs through pysnmp
hearing      what is done with all that arrives: read, told, counted
tailing      a log file that grows, is truncated and replaced
receiving    the servers: syslog by UDP and TCP, a file, notifications by UDP
"""
