# Makes of haproxy.cfg the one for kubernetes.yaml: the pods' names, which get new addresses, the place of the certificate, and a port
# that needs no privilege.
s|192\.0\.2\.1:|vocabox-0.vocabox:|
s|192\.0\.2\.2:|vocabox-1.vocabox:|
s|192\.0\.2\.3:|vocabox-2.vocabox:|
s|bind :443 ssl crt /etc/ssl/|bind :8443 ssl crt /etc/ssl/voice/|
s|^\( *default-server .*\)|\1 resolvers cluster init-addr none|
/^defaults/i\
resolvers cluster\
    parse-resolv-conf\
    hold valid 5s\

