"""Pages of the demo; part of the addresses only when it is on. The page at ``/`` is the portal's, which asks us."""

from django.urls import path

from webside.demo.views import front, mail, phone

app_name = "demo"
urlpatterns = [
    path("demo/become/<slug:key>/", front.become, name="become"),
    path("demo/mailbox/", mail.mails, name="mail-list"),
    path("demo/mailbox/reply/", mail.reply, name="text-reply"),
    path("demo/phone/", phone.phones, name="phone-list"),
    path("demo/phone/dial/", phone.dial, name="phone-dial"),
    path("demo/phone/act/", phone.act, name="phone-act"),
    path("demo/mailbox/<uuid:mail_id>/", mail.mail, name="mail-detail"),
    path("demo/mailbox/<uuid:mail_id>/<int:number>/", mail.attachment, name="mail-attachment"),
]
